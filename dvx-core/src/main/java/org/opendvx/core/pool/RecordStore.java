package org.opendvx.core.pool;

import java.util.List;
import java.util.Optional;

/**
 * The register: small versioned records changed by compare-and-set.
 *
 * <p>Keys are 1 to 128 characters of {@code [a-z0-9./-]}, without {@code ..} and not starting or
 * ending with {@code /}; values are at most {@link #MAX_VALUE} bytes.
 */
public interface RecordStore {

  /** Largest value: 1 MiB. */
  int MAX_VALUE = 1 << 20;

  /** The record under a key, empty when there is none. */
  Optional<VersionedRecord> get(String key);

  /**
   * Writes a record if its version is still the one expected.
   *
   * @param expectedVersion the version last read, 0 for "does not exist yet"
   * @return the new version (expected + 1), durable
   * @throws org.opendvx.core.error.DvxException CONFLICT when the version is another one or the
   *     host was fenced
   */
  long put(Epoch epoch, String key, long expectedVersion, byte[] value);

  /** The keys below a prefix, sorted. */
  List<String> keys(String prefix);

  /**
   * A record as read.
   *
   * @param version 1 for the first, +1 with every change
   */
  @SuppressWarnings("ArrayRecordComponent") // a value carrier between two modules; never compared
  record VersionedRecord(long version, byte[] value) {}
}
