package org.opendvx.core.cluster;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.SnapshotQuery;
import org.opendvx.core.datastore.Snapshots;

/**
 * Snapshots, wherever the catalogue is. What answers without a future blocks while the catalogue is
 * on another host.
 */
final class ClusterSnapshots implements Snapshots {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final ClusterDatastore store;

  ClusterSnapshots(ClusterDatastore store) {
    this.store = store;
  }

  private <R> R now(FileOp<R> op) {
    try {
      return Peers.await(store.run(op), LIMIT);
    } catch (RouteException e) {
      throw new FileException(FileError.BUSY, "the catalogue does not answer", e);
    }
  }

  @Override
  public CompletableFuture<Cut> cut(CutRequest request) {
    return cutTogether(List.of(request)).thenApply(List::getFirst);
  }

  @Override
  public CompletableFuture<List<Cut>> cutTogether(List<CutRequest> requests) {
    return store.run(new SnapshotOp.Take(List.copyOf(requests)));
  }

  @Override
  public Optional<SnapshotInfo> snapshot(long id) {
    return now(new SnapshotOp.ById(id));
  }

  @Override
  public Optional<SnapshotInfo> find(String name) {
    return now(new SnapshotOp.ByName(name));
  }

  @Override
  public List<SnapshotInfo> list(long afterId, int limit) {
    return now(new SnapshotOp.Page(afterId, limit)).page();
  }

  @Override
  public Found search(SnapshotQuery query, long afterId, int limit) {
    return now(new SnapshotOp.Find(query, afterId, limit));
  }

  @Override
  public long count() {
    return now(new SnapshotOp.Page(0, 1)).count();
  }

  @Override
  public CompletableFuture<SnapshotInfo> amend(
      long id, Map<String, String> labels, byte[] document) {
    return store.run(new SnapshotOp.Amend(id, labels, document));
  }

  @Override
  public List<Member> members(long id) {
    return now(new SnapshotOp.Members(id));
  }

  @Override
  public CompletableFuture<Void> delete(long id) {
    return store.run(new SnapshotOp.Delete(id)).thenAccept(_ -> {});
  }

  @Override
  public CompletableFuture<Void> restore(long snapshot, List<Long> members, List<FileKey> remove) {
    return store.run(new SnapshotOp.Restore(snapshot, members, remove)).thenAccept(_ -> {});
  }

  @Override
  public CompletableFuture<List<FileKey>> clone(Caller caller, List<CloneFile> clones) {
    return store.run(new SnapshotOp.Clone(caller, clones));
  }

  @Override
  public CompletableFuture<Void> replaceContent(Caller caller, FileKey target, FileKey source) {
    return store.run(new SnapshotOp.Replace(caller, target, source)).thenAccept(_ -> {});
  }

  @Override
  public CompletableFuture<Void> cloneRange(Caller caller, Range range) {
    return store.run(new SnapshotOp.CloneRange(caller, range)).thenAccept(_ -> {});
  }
}
