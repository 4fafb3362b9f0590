package org.opendvx.core.datastore;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.RecordStore;

/**
 * The key ring of a pool as a process knows it, for all engines that it runs. Where several hosts
 * use the pool, another one may have changed the ring in the register; it is opened again only when
 * it is another one there. Thread-safe.
 */
public final class PoolRing implements AutoCloseable {
  private static final Duration AGAIN = Duration.ofSeconds(20);

  private final DataKeys.@Nullable Lock lock;

  // Guarded by the monitor. Rings are closed at the end only: somebody may be using one.
  private final List<KeyRing> opened = new ArrayList<>();
  private KeyRing ring;
  private byte[] wrapped;
  private @Nullable Failure failure;

  /** What could not be opened. */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  private record Failure(byte[] wrapped, long nanos, DvxException why) {}

  private PoolRing(KeyRing ring, byte[] wrapped, DataKeys.@Nullable Lock lock) {
    this.ring = ring;
    this.wrapped = wrapped;
    this.lock = lock;
  }

  /** A ring that nobody else changes; it stays the caller's. */
  public static PoolRing of(KeyRing ring) {
    return new PoolRing(ring, new byte[0], null);
  }

  /**
   * The ring that is in a register, which others may change.
   *
   * @param lock how it is locked
   * @throws DvxException DENIED when it was locked with another key
   */
  public static PoolRing read(RecordStore records, DataKeys.Lock lock) {
    byte[] stored = DataKeys.stored(records).value();
    PoolRing read = new PoolRing(lock.unwrap(stored), stored, lock);
    read.opened.add(read.ring);
    return read;
  }

  /** How the ring is locked when others may change it; else null. */
  DataKeys.@Nullable Lock lock() {
    return lock;
  }

  /** The ring as it was read last. */
  public synchronized KeyRing ring() {
    return ring;
  }

  /** The ring as it is now. Blocks. */
  synchronized KeyRing refresh(RecordStore records) {
    if (lock == null) {
      return ring;
    }
    byte[] stored = DataKeys.stored(records).value();
    if (!Arrays.equals(stored, wrapped)) {
      KeyRing next = unwrap(lock, stored);
      opened.add(next);
      ring = next;
      wrapped = stored;
    }
    return ring;
  }

  /** Does not try what failed a moment ago: a token may lock itself after some wrong attempts. */
  private KeyRing unwrap(DataKeys.Lock by, byte[] stored) {
    Failure last = failure;
    if (last != null
        && Arrays.equals(stored, last.wrapped())
        && System.nanoTime() - last.nanos() < AGAIN.toNanos()) {
      throw last.why();
    }
    try {
      return by.unwrap(stored);
    } catch (DvxException e) {
      failure = new Failure(stored, System.nanoTime(), e);
      throw e;
    }
  }

  /**
   * Fails when the ring as it is now cannot be opened here. Blocks.
   *
   * @throws DvxException DENIED when it was locked with another key, or what locks it is not there
   */
  public void checkOpens(RecordStore records) {
    KeyRing _ = refresh(records);
  }

  /**
   * The same for somebody who reads and waits: what cannot be looked at now is no damage.
   *
   * @throws DvxException TIMEOUT when the ring cannot be read or opened now
   */
  KeyRing refreshToRead(RecordStore records) {
    try {
      return refresh(records);
    } catch (DvxException e) {
      throw DvxException.of(Kind.TIMEOUT, "A new data key of the pool cannot be fetched now")
          .cause(String.valueOf(e.getMessage()))
          .remedy("Look whether this host has what locks the pool's keys; reads are tried again")
          .causedBy(e)
          .build();
    }
  }

  /** Overwrites the keys that were read here. */
  @Override
  public synchronized void close() {
    opened.forEach(KeyRing::close);
  }
}
