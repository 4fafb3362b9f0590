package org.opendvx.server.bench.load;

/**
 * One call that can be open. Mutable and reused, so that a call costs no allocation; used by the
 * event loop's thread alone.
 */
final class Slot {
  final int index;
  Operation operation = Operation.READ;
  int file;
  int block;
  int count;

  /** For a READ: the step that must be found at least. */
  int floor;

  /** For a WRITE: whether it sends again what was sent last. */
  boolean repeat;

  int xid;
  boolean busy;

  /** When the call was sent first, on the nanosecond clock. */
  long sentAt;

  /** When it was sent last: a time limit counts from here. */
  long lastSentAt;

  /** When to send it anew because the server asked for patience; 0 when it did not. */
  long retryAt;

  Slot(int index) {
    this.index = index;
  }
}
