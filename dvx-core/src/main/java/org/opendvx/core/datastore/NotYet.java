package org.opendvx.core.datastore;

/**
 * An operation met something that only waiting helps against, while it may not wait: it holds locks
 * or runs on a caller's thread. Nothing was changed. Whoever catches it waits without locks, on a
 * thread that may, and runs the operation again from its start. See {@link Attempts}.
 */
abstract class NotYet extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NotYet(String what) {
    super(what, null, false, false);
  }

  /** Waits; called without locks. Fails as the operation would. */
  abstract void await() throws InterruptedException;
}
