package org.opendvx.core.datastore;

/** Whoever can make room in a full pool: the cleaner. Thread-safe. */
public interface SpaceMaker {
  /** What came of a wish for room. */
  enum Outcome {
    /** Some was made: try again. */
    MADE,
    /** There is nothing to make it of. */
    NOTHING,
    /** It is still being worked on. */
    WORKING
  }

  /**
   * Asks for room, and waits for the outcome.
   *
   * @param bytes that are needed
   * @param limitNanos how long to wait at the most
   */
  Outcome makeRoom(long bytes, long limitNanos) throws InterruptedException;
}
