package org.opendvx.core.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.opendvx.core.pool.RecordStore.VersionedRecord;
import org.opendvx.core.testing.PoolMutation.ContainerDelete;
import org.opendvx.core.testing.PoolMutation.ContainerPut;
import org.opendvx.core.testing.PoolMutation.Fence;
import org.opendvx.core.testing.PoolMutation.JournalAppend;
import org.opendvx.core.testing.PoolMutation.JournalTrim;
import org.opendvx.core.testing.PoolMutation.RecordPut;

/** What an {@link InMemoryPool} would find again after a crash. Guarded by its pool's lock. */
final class DurableState {
  final TreeMap<Long, byte[]> containers = new TreeMap<>();
  final Map<String, List<JournalAppend>> journals = new TreeMap<>();
  final TreeMap<String, VersionedRecord> records = new TreeMap<>();
  final Map<String, Long> fences = new TreeMap<>();

  /** A copy; the byte arrays are shared, nobody changes them. */
  DurableState copy() {
    DurableState copy = new DurableState();
    copy.containers.putAll(containers);
    journals.forEach((host, batches) -> copy.journals.put(host, new ArrayList<>(batches)));
    copy.records.putAll(records);
    copy.fences.putAll(fences);
    return copy;
  }

  List<JournalAppend> journal(String host) {
    return journals.computeIfAbsent(host, _ -> new ArrayList<>());
  }

  void apply(PoolMutation mutation) {
    switch (mutation) {
      case ContainerPut(long id, byte[] bytes) -> containers.put(id, bytes);
      case ContainerDelete(long id) -> containers.remove(id);
      case JournalAppend append -> journal(append.host()).add(append);
      case JournalTrim(String host, long sequence) ->
          journal(host).removeIf(batch -> batch.last() < sequence);
      case RecordPut(String key, byte[] value) -> {
        VersionedRecord old = records.get(key);
        records.put(key, new VersionedRecord(old == null ? 1 : old.version() + 1, value));
      }
      case Fence(String host, long number) -> fences.merge(host, number, Math::max);
    }
  }
}
