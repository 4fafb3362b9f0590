package org.opendvx.core.testing;

import org.opendvx.core.error.Kind;

/**
 * Decides what happens to each call on an {@link InMemoryPool}. Called on the caller's thread
 * without a lock held, so an implementation may block to play a slow pool.
 */
@FunctionalInterface
public interface PoolFaults {
  /** No faults. */
  PoolFaults NONE = (_, _, _) -> Verdict.PROCEED;

  /** What a caller asks of the pool. */
  enum Operation {
    CONTAINER_PUT,
    CONTAINER_READ,
    CONTAINER_DELETE,
    JOURNAL_APPEND,
    JOURNAL_TRIM,
    RECORD_GET,
    RECORD_PUT;
  }

  /** What becomes of a call. */
  sealed interface Verdict {
    /** It goes on. */
    Verdict PROCEED = new Proceed();

    /** It goes on. */
    record Proceed() implements Verdict {}

    /** It fails and changes nothing. */
    record Fail(Kind kind) implements Verdict {}

    /** It is carried out, yet the caller is told that it failed. */
    record FailAfter(Kind kind) implements Verdict {}
  }

  /**
   * Decides.
   *
   * @param id container id or first journal sequence; 0 for records
   * @param name host or record key; empty for containers
   */
  Verdict decide(Operation operation, long id, String name);
}
