package org.opendvx.core.datastore;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.codec.ChunkSealer;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.codec.RecordSealer;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.RecordStore.VersionedRecord;

/**
 * The keys under which an engine seals what it stores: a new data key, and the end of old ones. The
 * ring in the register changes first; nothing is sealed under a key that is not durable.
 *
 * <p>Where one host has the pool, {@link #renew} does all at once. Where several have it, a key is
 * first {@linkplain #announce announced}; each engine {@linkplain #follow follows}; when all know
 * it, it becomes the {@linkplain #putInForce current} one. An engine that meets a key that it does
 * not know looks at the register. Thread-safe.
 */
public final class DataKeys {
  private final PoolRing shared;
  private final RecordStore records;
  private final Epoch epoch;
  private final RecordSealer journal;
  private final List<ChunkSealer> sealers;

  // Guarded by the monitor. The first ring is not this object's, nor are any that others may
  // change.
  private KeyRing ring;
  private boolean own;
  private @Nullable Lock lock;

  /** Locks and unlocks rings with the key that a person holds; asked anew each time. */
  public interface Lock {
    /** The ring as bytes that only that key can open. */
    byte[] wrap(KeyRing ring);

    /**
     * Opens a ring.
     *
     * @throws DvxException DENIED when it was locked with another key
     */
    KeyRing unwrap(byte[] wrapped);
  }

  /**
   * The keys of an engine.
   *
   * @param ring what its sealers have
   * @param shared where it is from
   */
  DataKeys(
      KeyRing ring,
      PoolRing shared,
      RecordStore records,
      Epoch epoch,
      RecordSealer journal,
      List<ChunkSealer> sealers) {
    this.ring = ring;
    this.shared = shared;
    this.lock = shared.lock();
    this.records = records;
    this.epoch = epoch;
    this.journal = journal;
    this.sealers = List.copyOf(sealers);
    if (isShared()) {
      sealers.forEach(sealer -> sealer.onUnknownKey(this::find));
      journal.onUnknownKey(this::find);
    }
  }

  /** Whether other hosts may change the ring, and seal under its keys. */
  public boolean isShared() {
    return shared.lock() != null;
  }

  /** Says how rings are locked that nobody else changes; without it they stay as they are. */
  public synchronized void lockedBy(Lock way) {
    if (isShared()) {
      throw new IllegalStateException("the ring that others change has its lock");
    }
    lock = way;
  }

  /** Id of the data key under which new slots are sealed. */
  public synchronized int currentId() {
    return ring.currentDataKeyId();
  }

  /** Id of the newest data key; higher than the current one while a key is announced only. */
  public synchronized int newestId() {
    return ring.newestDataKeyId();
  }

  /** Ids of all data keys in the ring, ascending. */
  public synchronized Set<Integer> ids() {
    return new TreeSet<>(ring.dataKeyIds());
  }

  /** Whether keys are in the ring under which nothing new is sealed. */
  public synchronized boolean holdsOldKeys() {
    return ring.holdsOldKeys();
  }

  /** Whether there is a key under which nothing is to be sealed yet. */
  public synchronized boolean announces() {
    return ring.announces();
  }

  /**
   * Takes up the ring as it is in the register now. What gets its place after the return is sealed
   * under its current key. Blocks.
   */
  public synchronized void follow() {
    take(shared.refresh(records));
  }

  /** A slot or record names a key that was not known here: others may have made it. */
  private synchronized void find(int keyId) {
    if (keyId > ring.newestDataKeyId()) {
      take(shared.refreshToRead(records));
    }
  }

  private void take(KeyRing now) {
    if (now != ring) {
      sealers.forEach(sealer -> sealer.learn(now));
      adopt(now, false);
    }
  }

  /**
   * Makes a new data key under which nothing is sealed yet, unless there is such a one already.
   *
   * @return its id
   * @throws DvxException as {@link #renew}
   */
  public synchronized int announce() {
    change(KeyRing::withAnnouncedKey);
    return ring.newestDataKeyId();
  }

  /**
   * From now on all seal under the newest key. All must know it.
   *
   * @throws DvxException CONFLICT when there is a newer one than {@code keyId}; else as {@link
   *     #renew}
   */
  public synchronized void putInForce(int keyId) {
    change(
        found -> {
          if (found.newestDataKeyId() != keyId) {
            throw changed();
          }
          return found.withNewestCurrent();
        });
  }

  /** Changes a ring that others see, too. */
  private void change(UnaryOperator<KeyRing> how) {
    if (!isShared()) {
      throw new IllegalStateException("a ring of one host's");
    }
    VersionedRecord stored = stored(records);
    try (KeyRing found = known().unwrap(stored.value());
        KeyRing next = how.apply(found)) {
      // Written although nothing may be new: what was found may be on a part of the drives only.
      replace(stored, next);
    } catch (RuntimeException e) {
      // It may be there all the same, and others may see it.
      try {
        follow();
      } catch (DvxException later) {
        e.addSuppressed(later);
      }
      throw e;
    }
    follow();
  }

  /**
   * Makes a new data key and seals under it whatever gets its place after the return; what is there
   * stays readable. Only where nobody else uses the pool.
   *
   * @return its id
   * @throws DvxException UNSUPPORTED where keys cannot be changed while the host serves; DENIED
   *     when the key that locks the ring is another one now; any other when the register did not
   *     take the new ring: nothing was changed, or the next call finds it
   */
  public synchronized int renew() {
    if (isShared()) {
      throw new IllegalStateException("others would not know the key");
    }
    VersionedRecord stored = stored(records);
    KeyRing found = known().unwrap(stored.value());
    KeyRing next = found;
    try {
      if (found.currentDataKeyId() <= ring.currentDataKeyId()) {
        next = found.withNewDataKey();
        found.close();
      }
      // Written in either case: a ring that was found may be on a part of the drives only.
      replace(stored, next);
    } catch (RuntimeException e) {
      next.close();
      throw e;
    }
    // Each must be able to read what another one seals.
    KeyRing known = next;
    sealers.forEach(sealer -> sealer.learn(known));
    adopt(next, true);
    return next.currentDataKeyId();
  }

  /**
   * Takes the old keys out of the ring. What is sealed under them can never be read again.
   *
   * @throws DvxException as {@link #renew}
   */
  public synchronized void dropOld() {
    int current = ring.currentDataKeyId();
    if (isShared()) {
      change(
          found -> {
            if (found.currentDataKeyId() != current) {
              throw changed();
            }
            return found.withoutOldKeys();
          });
      return;
    }
    VersionedRecord stored = stored(records);
    KeyRing next;
    try (KeyRing found = known().unwrap(stored.value())) {
      if (found.currentDataKeyId() != current) {
        throw changed();
      }
      next = found.withoutOldKeys();
    }
    try {
      replace(stored, next);
    } catch (RuntimeException e) {
      next.close();
      throw e;
    }
    adopt(next, true);
  }

  private void adopt(KeyRing next, boolean mine) {
    sealers.forEach(sealer -> sealer.adopt(next));
    journal.adopt(next);
    if (own) {
      ring.close();
    }
    ring = next;
    own = mine;
  }

  static VersionedRecord stored(RecordStore records) {
    return records
        .get(PoolKeys.RECORD)
        .orElseThrow(
            () ->
                DvxException.of(Kind.CORRUPT, "The pool has no key ring")
                    .cause("The record of its keys is not there")
                    .remedy("Check that all drives are there; nothing was changed")
                    .build());
  }

  /** Durable on return, and no other ring than this one is there. */
  private void replace(VersionedRecord stored, KeyRing next) {
    Lock way = known();
    byte[] wrapped = way.wrap(next);
    // What cannot be opened again must never be stored.
    way.unwrap(wrapped).close();
    long _ = records.put(epoch, PoolKeys.RECORD, stored.version(), wrapped);
    if (!Arrays.equals(wrapped, stored(records).value())) {
      throw changed();
    }
  }

  private Lock known() {
    Lock way = lock;
    if (way == null) {
      throw DvxException.of(Kind.UNSUPPORTED, "The data key cannot be changed here")
          .cause("It was not said how the ring of its keys is locked")
          .remedy("Nothing was changed")
          .build();
    }
    return way;
  }

  private static DvxException changed() {
    return DvxException.of(Kind.CONFLICT, "The key ring was changed by somebody else meanwhile")
        .remedy("Try again")
        .build();
  }

  /** Overwrites the keys that were made here. */
  synchronized void close() {
    if (own) {
      ring.close();
    }
  }
}
