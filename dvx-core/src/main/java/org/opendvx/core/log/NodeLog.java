package org.opendvx.core.log;

/**
 * Where tree nodes live: sealed, never deduplicated, in containers of their own that are not
 * journalled. Thread-safe.
 */
public interface NodeLog {

  /** The largest node in bytes: 32 KiB. */
  int MAX_NODE = 32 << 10;

  /**
   * Takes a node. It is durable after the next {@link #flush}; readable at once.
   *
   * @return its address
   */
  long write(byte[] node, int offset, int length);

  /** Puts every node written so far; durable on return. */
  void flush();

  /**
   * Reads a node; blocks.
   *
   * @throws org.opendvx.core.error.DvxException CORRUPT when it cannot be read or rebuilt
   */
  byte[] read(long address);
}
