package org.opendvx.core.testing;

import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.opendvx.core.codec.KeyEncryptionKey;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.DataKeys;
import org.opendvx.core.datastore.PoolKeys;
import org.opendvx.core.datastore.PoolRing;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.Pool;

/** A key file for tests, the ring that it locks, and what is sealed under which of its keys. */
public final class LockedRing implements DataKeys.Lock, AutoCloseable {
  private final KeyEncryptionKey key;
  private final AtomicInteger opened = new AtomicInteger();
  private volatile boolean away;

  private LockedRing(KeyEncryptionKey key) {
    this.key = key;
  }

  /** A new key in a folder. */
  public static LockedRing in(Path folder) {
    return new LockedRing(KeyEncryptionKey.createFile(folder.resolve("pool.key")));
  }

  /** The same key at another host. */
  public LockedRing elsewhere() {
    return new LockedRing(key);
  }

  /** Puts a new ring into a pool. */
  public KeyRing make(Pool pool) {
    KeyRing ring = KeyRing.generate();
    long _ = pool.records().put(new Epoch("setup", 1), PoolKeys.RECORD, 0, ring.wrap(key));
    return ring;
  }

  /** Whether the key file is there. */
  public void away(boolean now) {
    away = now;
  }

  /** How often a ring was opened. */
  public int opened() {
    return opened.get();
  }

  /** The ring as a process knows it that starts now. */
  public PoolRing read(Pool pool) {
    return PoolRing.read(pool.records(), this);
  }

  /** Ids of the data keys of the ring in a pool. */
  public Set<Integer> ids(Pool pool) {
    try (KeyRing ring = stored(pool)) {
      return new TreeSet<>(ring.dataKeyIds());
    }
  }

  /** The ring that is in a pool. */
  public KeyRing stored(Pool pool) {
    return KeyRing.unwrap(pool.records().get(PoolKeys.RECORD).orElseThrow().value(), key);
  }

  @Override
  public byte[] wrap(KeyRing ring) {
    requireThere();
    return ring.wrap(key);
  }

  @Override
  public KeyRing unwrap(byte[] wrapped) {
    requireThere();
    opened.incrementAndGet();
    return KeyRing.unwrap(wrapped, key);
  }

  private void requireThere() {
    if (away) {
      throw DvxException.of(Kind.NOT_FOUND, "The key file is not there").build();
    }
  }

  @Override
  public void close() {
    key.close();
  }
}
