package org.opendvx.core.datastore;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Snapshots of any set of files, taken in one instant; clones and restores from them. All are O(the
 * number of files), whatever their size. Futures fail with {@link FileException}.
 */
public interface Snapshots {

  /**
   * Freezes files in one instant: one journal record. Complete when that record is durable.
   *
   * @param request see {@link CutRequest}
   */
  CompletableFuture<Cut> cut(CutRequest request);

  /**
   * Freezes several sets of files in one instant, each as a snapshot of its own: still one journal
   * record, so that all of them are there or none. Complete when that record is durable.
   *
   * @param requests 1 to 256 with different names; at most 10,000 files in all. A file may be in
   *     several, and is frozen for each
   */
  default CompletableFuture<List<Cut>> cutTogether(List<CutRequest> requests) {
    return requests.size() == 1
        ? cut(requests.getFirst()).thenApply(List::of)
        : CompletableFuture.failedFuture(
            new FileException(FileError.NOT_SUPPORTED, "no cut over several sets here"));
  }

  /** A snapshot by id. */
  Optional<SnapshotInfo> snapshot(long id);

  /** A snapshot by its name, which is unique. */
  Optional<SnapshotInfo> find(String name);

  /**
   * A page of snapshots in order of id. Documents are left empty: ask for one by {@link #snapshot}.
   *
   * @param afterId 0 to start
   * @param limit 1 to 1,000
   */
  List<SnapshotInfo> list(long afterId, int limit);

  /**
   * A page of the snapshots that a query wants, in order of id, with documents left empty. Only so
   * many are looked at for a page, so that it may have fewer than wanted while there are more.
   *
   * @param afterId 0 to start, then {@link Found#next}
   * @param limit 1 to 1,000
   */
  default Found search(SnapshotQuery query, long afterId, int limit) {
    List<SnapshotInfo> page = new ArrayList<>();
    long last = afterId;
    while (true) {
      List<SnapshotInfo> some = list(last, MAX_PAGE);
      for (SnapshotInfo info : some) {
        if (query.takes(info)) {
          if (page.size() == limit) {
            return new Found(page, last);
          }
          page.add(info);
        }
        last = info.id();
      }
      if (some.size() < MAX_PAGE) {
        return new Found(page, 0);
      }
    }
  }

  /** The longest page. */
  int MAX_PAGE = 1000;

  /**
   * What a search found.
   *
   * @param next the id after which to go on, 0 when there is no more
   */
  record Found(List<SnapshotInfo> page, long next) {}

  /** How many there are. */
  long count();

  /**
   * Replaces a snapshot's labels and document, for what becomes known only after the cut; its
   * frozen files never change. Same limits as in {@link CutRequest}. Complete when durable.
   */
  CompletableFuture<SnapshotInfo> amend(long id, Map<String, String> labels, byte[] document);

  /** The frozen files of a snapshot, without the directories above them. */
  List<Member> members(long id);

  /** Forgets a snapshot: O(1); its space comes back through the cleaner. */
  CompletableFuture<Void> delete(long id);

  /**
   * Gives files their content, size and attributes as of a snapshot, in one journal record. File
   * ids stay; a member that was deleted since appears again, with its id, in its directory (which
   * is made when missing).
   *
   * @param snapshot the id
   * @param members file ids of the members to restore
   * @param remove live files to remove in the same step (such as files that came since)
   */
  CompletableFuture<Void> restore(long snapshot, List<Long> members, List<FileKey> remove);

  /**
   * Makes new files that share the blocks of frozen or live ones, in one journal record.
   *
   * @param clones what to make; no name may exist yet
   * @return the new keys, in the same order
   */
  CompletableFuture<List<FileKey>> clone(Caller caller, List<CloneFile> clones);

  /**
   * Gives a live file the content and size of another (live or frozen) without copying; its id,
   * owner and mode stay.
   */
  CompletableFuture<Void> replaceContent(Caller caller, FileKey target, FileKey source);

  /** The longest range of one {@link #cloneRange}, in bytes. */
  int MAX_RANGE = 4 << 20;

  /**
   * Gives a range of a live file the content of a range of the same or another (live or frozen)
   * file, without copying: chunks are referred to, holes stay holes. One journal record, so all of
   * it happens or nothing. The target grows where need be; what the source has beyond its end reads
   * as zeros. Durable after {@link Datastore#commit} of the target.
   *
   * @param range offsets and length are multiples of 4 KiB, the length at most {@link #MAX_RANGE}
   */
  CompletableFuture<Void> cloneRange(Caller caller, Range range);

  /**
   * Where from and where to.
   *
   * @param length in bytes
   */
  record Range(FileKey source, long sourceOffset, FileKey target, long targetOffset, long length) {}

  /**
   * What to freeze.
   *
   * @param name unique among snapshots, 1 to 255 characters, no slash, not {@code .} or {@code ..}
   * @param files live regular files and links, at most 10,000; directories above them are noted by
   *     themselves
   * @param labels small searchable facts: at most 64, keys to 64 and values to 1,024 characters
   * @param document larger opaque data kept with it, at most 512 KiB
   */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record CutRequest(
      String name, List<FileKey> files, Map<String, String> labels, byte[] document) {}

  /**
   * A cut's outcome.
   *
   * @param heldNanos how long writes were held off in this process
   * @param totalNanos from the call to durability
   */
  record Cut(SnapshotInfo snapshot, long heldNanos, long totalNanos) {}

  /**
   * A snapshot.
   *
   * @param createdNanos wall clock at the cut, nanoseconds since 1970
   * @param logicalBytes sum of the members' sizes
   */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record SnapshotInfo(
      long id,
      String name,
      long createdNanos,
      Map<String, String> labels,
      byte[] document,
      int files,
      long logicalBytes) {}

  /**
   * A frozen file.
   *
   * @param path from the datastore's root at the time of the cut, with leading slash
   */
  record Member(FileKey key, String path, Attributes attributes) {}

  /**
   * One file to make.
   *
   * @param source frozen or live regular file
   */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record CloneFile(FileKey source, FileKey directory, byte[] name) {}
}
