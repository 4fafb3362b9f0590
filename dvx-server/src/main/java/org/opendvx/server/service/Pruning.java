package org.opendvx.server.service;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.SnapshotQuery;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;
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
    List<Long> found = find(query);
    int last = Math.max(0, found.size() - keep);
    if (!dryRun) {
      delete(found.subList(0, last), progress);
    }
    return new PruneView(last, found.size() - last);
  }

  private List<Long> find(SnapshotQuery query) {
    List<Long> ids = new ArrayList<>();
    long after = 0;
    do {
      Snapshots.Found page = snapshots.search(query, after, Snapshots.MAX_PAGE);
      for (SnapshotInfo info : page.page()) {
        ids.add(info.id());
      }
      after = page.next();
    } while (after != 0);
    return ids;
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
