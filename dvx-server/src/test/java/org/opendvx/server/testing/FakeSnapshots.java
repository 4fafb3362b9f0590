package org.opendvx.server.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.datastore.Snapshots;

/** Snapshots without files behind them. */
public final class FakeSnapshots implements Snapshots {
  private final TreeMap<Long, SnapshotInfo> snapshots = new TreeMap<>();

  /** Adds one with a moment of its own. */
  public synchronized SnapshotInfo add(String name, long createdNanos, Map<String, String> labels) {
    long id = snapshots.isEmpty() ? 1 : snapshots.lastKey() + 1;
    SnapshotInfo info =
        new SnapshotInfo(id, name, createdNanos, Map.copyOf(labels), new byte[0], 1, 4096);
    snapshots.put(id, info);
    return info;
  }

  @Override
  public CompletableFuture<List<Cut>> cutTogether(List<CutRequest> requests) {
    List<Cut> cuts = new ArrayList<>();
    for (CutRequest request : requests) {
      cuts.add(cut(request).join());
    }
    return CompletableFuture.completedFuture(cuts);
  }

  @Override
  public CompletableFuture<Cut> cut(CutRequest request) {
    if (find(request.name()).isPresent()) {
      return CompletableFuture.failedFuture(
          new FileException(FileError.EXISTS, "a snapshot has this name"));
    }
    return CompletableFuture.completedFuture(
        new Cut(add(request.name(), 1_700_000_000_000_000_000L, request.labels()), 1, 2));
  }

  @Override
  public synchronized Optional<SnapshotInfo> snapshot(long id) {
    return Optional.ofNullable(snapshots.get(id));
  }

  @Override
  public synchronized Optional<SnapshotInfo> find(String name) {
    return snapshots.values().stream().filter(one -> one.name().equals(name)).findFirst();
  }

  @Override
  public synchronized List<SnapshotInfo> list(long afterId, int limit) {
    return new ArrayList<>(snapshots.tailMap(afterId, false).values())
        .subList(0, Math.min(limit, snapshots.tailMap(afterId, false).size()));
  }

  @Override
  public synchronized long count() {
    return snapshots.size();
  }

  @Override
  public List<Member> members(long id) {
    Attributes attributes =
        new Attributes(7, FileType.REGULAR, 0644, 1, 0, 0, 4096, 4096, 0, 0, 0, 0);
    return List.of(new Member(new FileKey(id, 7), "/vm1/vm1.vmdk", attributes));
  }

  @Override
  public synchronized CompletableFuture<Void> delete(long id) {
    snapshots.remove(id);
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public synchronized CompletableFuture<SnapshotInfo> amend(
      long id, Map<String, String> labels, byte[] document) {
    throw new UnsupportedOperationException("no test amends");
  }

  @Override
  public CompletableFuture<Void> restore(long snapshot, List<Long> members, List<FileKey> remove) {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletableFuture<List<FileKey>> clone(Caller caller, List<CloneFile> clones) {
    return CompletableFuture.completedFuture(List.of());
  }

  @Override
  public CompletableFuture<Void> replaceContent(Caller caller, FileKey target, FileKey source) {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletableFuture<Void> cloneRange(Caller caller, Range range) {
    return CompletableFuture.completedFuture(null);
  }
}
