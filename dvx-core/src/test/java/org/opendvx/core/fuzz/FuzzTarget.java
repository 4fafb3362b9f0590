package org.opendvx.core.fuzz;

import java.util.List;

/**
 * Something that reads bytes from outside. Found by {@link java.util.ServiceLoader}, so that each
 * stands beside what it reads. Confined to one thread.
 */
public interface FuzzTarget {
  /** Its name on a command line. */
  String name();

  /** Valid inputs, from which others are made. */
  List<byte[]> seeds() throws Exception;

  /**
   * Reads an input and checks what holds of every one: no exception but those that are declared,
   * and what can be read is the same when it was written and read again.
   *
   * @throws Exception for a finding
   */
  void check(byte[] input) throws Exception;

  /**
   * Makes the checksums of an input fit again, so that what lies behind them is reached.
   *
   * @param input is changed
   */
  default void repair(byte[] input) {}

  /** Bytes that reading an input may allocate. */
  default long mostAllocated(int length) {
    return (1L << 20) + 128L * length;
  }

  /** Longest input that makes sense. */
  default int mostBytes() {
    return 64 << 10;
  }
}
