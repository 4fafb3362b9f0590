package org.opendvx.core.datastore;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.datastore.Change.SnapshotHead;

/** Snapshots as the outside sees them: runs the paths, and answers questions on the spot. */
final class SnapshotService implements Snapshots {
  private static final byte[] NO_DOCUMENT = {};

  private final Attempts attempts;
  private final SnapshotCatalogue catalogue;
  private final CutPath cuts;
  private final RestorePath restores;
  private final SharePath shares;

  SnapshotService(
      Attempts attempts,
      SnapshotCatalogue catalogue,
      CutPath cuts,
      RestorePath restores,
      SharePath shares) {
    this.attempts = attempts;
    this.catalogue = catalogue;
    this.cuts = cuts;
    this.restores = restores;
    this.shares = shares;
  }

  @Override
  public CompletableFuture<Cut> cut(CutRequest request) {
    long start = System.nanoTime();
    return attempts.run(() -> cuts.cut(request, start));
  }

  @Override
  public CompletableFuture<List<Cut>> cutTogether(List<CutRequest> requests) {
    long start = System.nanoTime();
    return attempts.run(() -> cuts.cutTogether(requests, start));
  }

  @Override
  public Optional<SnapshotInfo> snapshot(long id) {
    return attempts.inside(() -> Optional.ofNullable(catalogue.head(id)).map(this::info));
  }

  private SnapshotInfo info(SnapshotHead head) {
    return CutPath.info(head, catalogue.document(head.id()));
  }

  @Override
  public Optional<SnapshotInfo> find(String name) {
    return attempts.inside(
        () -> {
          long id = catalogue.find(name);
          return id == 0 ? Optional.empty() : snapshot(id);
        });
  }

  @Override
  public List<SnapshotInfo> list(long afterId, int limit) {
    checkPage(afterId, limit);
    return infos(attempts.inside(() -> catalogue.list(afterId, limit)));
  }

  private static void checkPage(long afterId, int limit) {
    if (afterId < 0 || limit < 1 || limit > MAX_PAGE) {
      throw new FileException(FileError.INVALID, "a page after " + afterId + " of " + limit);
    }
  }

  private static List<SnapshotInfo> infos(List<SnapshotHead> heads) {
    List<SnapshotInfo> page = new ArrayList<>(heads.size());
    for (SnapshotHead head : heads) {
      page.add(CutPath.info(head, NO_DOCUMENT));
    }
    return page;
  }

  @Override
  public Found search(SnapshotQuery query, long afterId, int limit) {
    checkPage(afterId, limit);
    if (query.labels().size() > SnapshotQuery.MAX_LABELS
        || query.anyOf().size() > SnapshotQuery.MAX_LABELS) {
      throw new FileException(FileError.INVALID, "a search for too many labels");
    }
    SnapshotSearch.Result result = attempts.inside(() -> catalogue.search(query, afterId, limit));
    return new Found(infos(result.page()), result.next());
  }

  @Override
  public long count() {
    return catalogue.count();
  }

  @Override
  public CompletableFuture<SnapshotInfo> amend(
      long id, Map<String, String> labels, byte[] document) {
    return attempts.run(() -> cuts.amend(id, labels, document));
  }

  @Override
  public List<Member> members(long id) {
    SnapshotContents contents = attempts.inside(() -> catalogue.contents(id));
    if (contents == null) {
      return List.of();
    }
    List<Member> members = new ArrayList<>();
    for (SnapshotContents.Frozen frozen : contents.nodes()) {
      if (frozen.node.member()) {
        members.add(
            new Member(
                new FileKey(id, frozen.node.file()),
                contents.path(frozen),
                SnapshotView.attributes(id, frozen)));
      }
    }
    return members;
  }

  @Override
  public CompletableFuture<Void> delete(long id) {
    return attempts.run(() -> cuts.delete(id));
  }

  @Override
  public CompletableFuture<Void> restore(long snapshot, List<Long> members, List<FileKey> remove) {
    return attempts.run(() -> restores.restore(snapshot, members, remove));
  }

  @Override
  public CompletableFuture<List<FileKey>> clone(Caller caller, List<CloneFile> clones) {
    return attempts.run(() -> shares.clone(caller, clones));
  }

  @Override
  public CompletableFuture<Void> replaceContent(Caller caller, FileKey target, FileKey source) {
    return attempts.run(() -> shares.replaceContent(caller, target, source));
  }

  @Override
  public CompletableFuture<Void> cloneRange(Caller caller, Range range) {
    return attempts.run(() -> shares.cloneRange(caller, range, false));
  }

  /** As {@link #cloneRange}, durable when it is answered. */
  CompletableFuture<Void> cloneRangeDurably(Caller caller, Range range) {
    return attempts.run(() -> shares.cloneRange(caller, range, true));
  }
}
