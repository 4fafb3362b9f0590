package org.opendvx.core.cluster;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.RecordStore.VersionedRecord;

/**
 * The owners of files, in records of 1,024 file ids each: docs/formats/hosts.md. A file that is in
 * none belongs to the namespace's root. What was read is remembered until {@link #forget}: it may
 * be out of date, and whoever is asked wrongly says so. Thread-safe.
 */
final class OwnerRegister {
  private static final int FORMAT = 1;
  private static final String PREFIX = "owners/";
  private static final int SHIFT = 10;
  private static final int TRIES = 200;
  private static final long FIRST_EPOCH = 1;

  private final RecordStore records;
  private final String namespace;
  private final Map<Long, Bucket> known = new ConcurrentHashMap<>();

  /** A record. */
  private record Bucket(long version, Map<Long, Owner> owners) {}

  OwnerRegister(RecordStore records, String namespace) {
    this.records = records;
    this.namespace = namespace;
  }

  /** A file's owner as far as is known here; null when it must be read first. */
  @Nullable Owner remembered(long file) {
    Bucket bucket = known.get(file >> SHIFT);
    return bucket == null ? null : owner(bucket, file);
  }

  /** A file's owner, read if it is not known here. */
  Owner find(long file) {
    Owner owner = remembered(file);
    return owner != null ? owner : read(file);
  }

  /** A file's owner as the register says now. */
  Owner read(long file) {
    Bucket bucket = load(file >> SHIFT);
    known.put(file >> SHIFT, bucket);
    return owner(bucket, file);
  }

  /** What is known of a file's owner may be out of date. */
  void forget(long file) {
    known.remove(file >> SHIFT);
  }

  private Owner owner(Bucket bucket, long file) {
    Owner owner = bucket.owners.get(file);
    return owner == null ? new Owner(namespace, FIRST_EPOCH, "") : owner;
  }

  private static String key(long bucket) {
    return PREFIX + Long.toHexString(bucket);
  }

  private Bucket load(long bucket) {
    Optional<VersionedRecord> found = records.get(key(bucket));
    return found
        .map(record -> new Bucket(record.version(), decode(record.value())))
        .orElseGet(() -> new Bucket(0, new TreeMap<>()));
  }

  private static Map<Long, Owner> decode(byte[] bytes) {
    return Wire.read(
        "The record of files' owners",
        bytes,
        FORMAT,
        in -> {
          Map<Long, Owner> owners = new TreeMap<>();
          int count = in.getInt();
          for (int i = 0; i < count; i++) {
            owners.put(in.getLong(), new Owner(in.getText(), in.getLong(), in.getText()));
          }
          return owners;
        });
  }

  private static byte[] encode(Map<Long, Owner> owners) {
    Wire.Out out = new Wire.Out().put(FORMAT).putInt(owners.size());
    owners.forEach(
        (file, owner) ->
            out.putLong(file).putText(owner.root()).putLong(owner.epoch()).putText(owner.heir()));
    return out.done();
  }

  /**
   * Changes a file's owner if it is still the one expected. When the outcome of a write is unknown
   * it is found out.
   *
   * @return false when the owner is another one
   */
  boolean swing(Epoch epoch, long file, Owner expected, Owner next) {
    DvxException doubt = null;
    for (int attempt = 0; attempt < TRIES; attempt++) {
      Bucket bucket;
      try {
        bucket = load(file >> SHIFT);
      } catch (DvxException e) {
        doubt = e;
        pause();
        continue;
      }
      Owner now = owner(bucket, file);
      if (doubt != null && now.equals(next)) {
        known.put(file >> SHIFT, bucket);
        return true;
      }
      if (!now.equals(expected)) {
        known.put(file >> SHIFT, bucket);
        return false;
      }
      TreeMap<Long, Owner> owners = new TreeMap<>(bucket.owners);
      owners.put(file, next);
      try {
        long version = records.put(epoch, key(file >> SHIFT), bucket.version, encode(owners));
        known.put(file >> SHIFT, new Bucket(version, owners));
        return true;
      } catch (DvxException e) {
        doubt = e;
        pause();
      }
    }
    throw DvxException.of(Kind.UNAVAILABLE, "The owner of a file cannot be changed")
        .causedBy(doubt == null ? new IllegalStateException("too many others change it") : doubt)
        .detail("file", file)
        .build();
  }

  private static void pause() {
    try {
      Thread.sleep(10);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, "Interrupted while an owner was being changed")
          .causedBy(e)
          .build();
    }
  }

  /** Receives owners. */
  @FunctionalInterface
  interface Visitor {
    /** One file that has, or had, an owner of its own. */
    void owner(long file, Owner owner);
  }

  /** Visits all files that ever had an owner of their own, as the register says now. */
  void forEach(Visitor visitor) {
    for (String key : records.keys(PREFIX)) {
      Bucket bucket = load(Long.parseUnsignedLong(key.substring(PREFIX.length()), 16));
      bucket.owners.forEach(visitor::owner);
    }
  }
}
