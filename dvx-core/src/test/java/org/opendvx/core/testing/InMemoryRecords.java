package org.opendvx.core.testing;

import java.util.List;
import java.util.Optional;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.testing.PoolFaults.Operation;
import org.opendvx.core.testing.PoolMutation.RecordPut;

/** The register of an {@link InMemoryPool}. */
final class InMemoryRecords implements RecordStore {
  private final InMemoryPool pool;

  InMemoryRecords(InMemoryPool pool) {
    this.pool = pool;
  }

  @Override
  public Optional<VersionedRecord> get(String key) {
    return pool.look(
        Operation.RECORD_GET,
        0,
        key,
        () ->
            Optional.ofNullable(pool.state().records.get(key))
                .map(found -> new VersionedRecord(found.version(), found.value().clone())));
  }

  @Override
  public long put(Epoch epoch, String key, long expectedVersion, byte[] value) {
    if (!key.matches("[a-z0-9.-][a-z0-9./-]{0,126}[a-z0-9.-]|[a-z0-9.-]")
        || key.contains("..")
        || value.length > MAX_VALUE) {
      throw InMemoryPool.failure(Kind.INVALID, "Not a key or too large: " + key);
    }
    byte[] copy = value.clone();
    return pool.mutate(
        epoch,
        Operation.RECORD_PUT,
        0,
        key,
        () -> {
          VersionedRecord old = pool.state().records.get(key);
          long version = old == null ? 0 : old.version();
          if (version != expectedVersion) {
            throw InMemoryPool.failure(
                Kind.CONFLICT, key + " is at version " + version + ", not " + expectedVersion);
          }
          pool.commit(new RecordPut(key, copy));
          return version + 1;
        });
  }

  @Override
  public List<String> keys(String prefix) {
    return pool.look(
        Operation.RECORD_GET,
        0,
        prefix,
        () ->
            pool.state().records.keySet().stream().filter(key -> key.startsWith(prefix)).toList());
  }
}
