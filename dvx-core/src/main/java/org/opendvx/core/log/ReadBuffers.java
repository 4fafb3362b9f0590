package org.opendvx.core.log;

import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Large arrays to read into, used again: a fresh one costs more than the reading, because its
 * memory must be cleared and, more often than not, be had from the system. Thread-safe.
 */
public final class ReadBuffers {
  /** Arrays that are kept; more may be out at a time. */
  private static final int KEPT = 8;

  /** Reads up to this size take an array of their own, which costs little. */
  private static final int SMALL = 64 << 10;

  private final int longest;
  private final ArrayBlockingQueue<byte[]> spare = new ArrayBlockingQueue<>(KEPT);

  /**
   * Buffers for reads of a limited length.
   *
   * @param longest bytes of each array that is kept
   */
  public ReadBuffers(int longest) {
    this.longest = longest;
  }

  /** Begins a loan; its user ends it. */
  public Loan loan() {
    return new Loan();
  }

  /** Arrays for the reads of one caller, one after another. Confined to one thread. */
  public final class Loan {
    private byte[] small = new byte[0];
    private byte @Nullable [] large;

    private Loan() {}

    /** An array of at least so many bytes, with anything in it; valid until the next call. */
    public byte[] bytes(int length) {
      byte[] kept = large;
      if (kept != null && length <= kept.length) {
        return kept;
      }
      if (length > SMALL && length <= longest) {
        kept = spare.poll();
        large = kept != null ? kept : new byte[longest];
        return large;
      }
      if (small.length < length) {
        small = new byte[length];
      }
      return small;
    }

    /** Nothing is read or used any more. */
    public void end() {
      byte[] kept = large;
      large = null;
      if (kept != null) {
        boolean _ = spare.offer(kept);
      }
    }
  }
}
