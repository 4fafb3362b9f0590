package org.opendvx.server.torture;

/** One thing that a client does to its files. A file has a slot, which is its name too. */
sealed interface Operation {
  /** A new, empty file. */
  record Make(int slot) implements Operation {}

  /** A file goes. */
  record Remove(int slot) implements Operation {}

  /**
   * Some blocks get other contents.
   *
   * @param contents numbers of contents, 0 for zeros
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Write(int slot, int first, int[] contents) implements Operation {}

  /** A file is cut off. */
  record Truncate(int slot, int blocks) implements Operation {}

  /** A snapshot of a file. */
  record Cut(int slot, String snapshot) implements Operation {}

  /** A snapshot goes. */
  record Drop(String snapshot) implements Operation {}

  /** A new file of what a snapshot holds. */
  record Copy(String snapshot, int slot) implements Operation {}
}
