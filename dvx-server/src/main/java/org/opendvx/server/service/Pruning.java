package org.opendvx.server.service;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.SnapshotQuery;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.server.api.PruneView;

/** Deletes many snapshots: many at a time, so that they share the waits for the journal. */
public final class Pruning {
  private static final String WHAT = "The snapshots cannot be deleted";
  private static final int TOGETHER = 256;

  private final Snapshots snapshots;

  /** Of these snapshots. */
  public Pruning(Snapshots snapshots) {
    this.snapshots = snapshots;
  }

  /**
   * Deletes what a query wants, oldest first; what was deleted stays so when it fails.
   *
   * @param keep so many of the newest stay
   */
  public PruneView run(SnapshotQuery query, int keep, boolean dryRun, Progress progress) {
    List<SnapshotInfo> infos = find(query);
    if (!query.anyOf().isEmpty()) {
      requireOneMachine(infos);
    }
    List<Long> found = infos.stream().map(SnapshotInfo::id).toList();
    int last = Math.max(0, found.size() - keep);
    if (!dryRun) {
      delete(found.subList(0, last), progress);
    }
    return new PruneView(last, found.size() - last);
  }

  /** Machines of one name are different machines: what is kept of one is no copy of another. */
  private static void requireOneMachine(List<SnapshotInfo> found) {
    Set<String> machines = new TreeSet<>();
    found.forEach(info -> machines.add(info.labels().getOrDefault(RestorePoint.VM, "")));
    if (machines.size() > 1) {
      throw DvxException.of(Kind.CONFLICT, "The snapshots belong to several machines of that name")
          .cause("There are, or were: " + String.join(", ", machines))
          .remedy("Name one of them as HYPERVISOR/ID")
          .build();
    }
  }

  private List<SnapshotInfo> find(SnapshotQuery query) {
    List<SnapshotInfo> infos = new ArrayList<>();
    long after = 0;
    do {
      Snapshots.Found page = snapshots.search(query, after, Snapshots.MAX_PAGE);
      infos.addAll(page.page());
      after = page.next();
    } while (after != 0);
    return infos;
  }

  private void delete(List<Long> ids, Progress progress) {
    Deque<CompletableFuture<Void>> waiting = new ArrayDeque<>();
    int done = 0;
    for (long id : ids) {
      if (waiting.size() == TOGETHER) {
        await(waiting.remove());
        progress.at(100 * ++done / ids.size(), done + " of " + ids.size() + " deleted");
      }
      waiting.add(snapshots.delete(id));
    }
    waiting.forEach(Pruning::await);
  }

  private static void await(CompletableFuture<Void> deletion) {
    Object _ =
        Futures.await(
            WHAT,
            deletion.handle(
                (_, failure) -> {
                  // Somebody else may have deleted it meanwhile.
                  if (failure == null || gone(failure)) {
                    return true;
                  }
                  throw failure instanceof RuntimeException told
                      ? told
                      : new IllegalStateException(failure);
                }));
  }

  private static boolean gone(Throwable failure) {
    Throwable cause = failure.getCause() == null ? failure : failure.getCause();
    return cause instanceof FileException refused && refused.error() == FileError.NOT_FOUND;
  }
}
