package org.opendvx.core.datastore;

import java.util.List;
import java.util.Map;
import org.opendvx.core.tree.RootRef;

/**
 * One change of the state. A journal record holds the changes of one transaction; living through
 * them and replaying them are the same code. Everything that is not determined by the state before
 * (times, ids, addresses) is in here. Bytes: docs/formats/journal-changes.md.
 */
sealed interface Change {

  /** A file comes to be, without content. */
  record InodeMake(long file, InodeImage image) implements Change {}

  /** A file's attributes; its content stays. */
  record InodePut(long file, InodeImage image) implements Change {}

  /** A file is gone, with its content. */
  record InodeDrop(long file) implements Change {}

  /** A directory gets a name, or gives it to another file. */
  record EntryPut(long directory, DirectoryEntry entry) implements Change {}

  /** A directory loses a name. */
  record EntryRemove(long directory, long cookie) implements Change {}

  /**
   * Blocks of a file were written.
   *
   * @param addresses chunk addresses of the blocks from {@code first} on, 0 for a hole
   * @param size the file's size afterwards
   * @param time modification and change time
   */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record BlocksMapped(long file, long first, long[] addresses, long size, long time)
      implements Change {}

  /** Blocks of a file became references to chunks that other blocks have; see BlocksMapped. */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record BlocksShared(long file, long first, long[] addresses, long size, long time)
      implements Change {}

  /** A file lost everything beyond a size; what of its last block is beyond it is zero already. */
  record Truncated(long file, long size, long time) implements Change {}

  /** A file's blocks became those of another, live or frozen one. Its attributes stay. */
  record ContentShared(long file, FileKey source) implements Change {}

  /** A snapshot was taken: files freeze as they are at this place in the journal. */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record SnapshotPut(SnapshotHead head, byte[] document, List<SnapshotNode> nodes)
      implements Change {}

  /**
   * A snapshot was taken of files of several roots, each frozen by its owner before.
   *
   * @param contents frozen content of each node, empty for directories
   */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record SnapshotJoined(
      SnapshotHead head, byte[] document, List<SnapshotNode> nodes, List<RootRef> contents)
      implements Change {}

  /** A file comes from another root, with its content. */
  record InodeTaken(long file, InodeImage image, RootRef content) implements Change {}

  /** A file went to another root; what stays are its type and its names. */
  record InodeGiven(long file, long epoch) implements Change {}

  /** A snapshot got other labels and another document. */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record SnapshotAmend(long snapshot, Map<String, String> labels, byte[] document)
      implements Change {}

  /** A snapshot was deleted. */
  record SnapshotDrop(long snapshot) implements Change {}

  /**
   * A request was carried out.
   *
   * @param created see {@link Datastore.RequestOutcome}
   */
  record RequestDone(RequestTag tag, long created, long time) implements Change {}

  /**
   * What is listed of a snapshot.
   *
   * @param created nanoseconds since 1970
   */
  record SnapshotHead(
      long id, String name, long created, Map<String, String> labels, int files, long bytes) {}

  /**
   * A member of a snapshot, or a directory above one.
   *
   * @param parent file id of the directory, 0 for the root directory
   * @param name empty for the root directory
   * @param member whether its content is frozen
   */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record SnapshotNode(long file, long parent, byte[] name, boolean member, InodeImage image) {}
}
