package org.opendvx.server.torture.drive;

/**
 * What a drive does wrong once it has done so much right.
 *
 * @param what it does wrong
 * @param task at what
 * @param after tasks of that kind that it still does, in a process
 * @param times tasks of that kind that go wrong then, one after the other
 */
public record Fault(What what, Task task, int after, int times) {

  /** Never works again. */
  public static final int FOR_GOOD = Integer.MAX_VALUE;

  /** What goes wrong. */
  public enum What {
    /** Nothing is done, and the error is told. */
    ERROR,
    /** A write leaves some of its sectors on the drive, and the error is told. */
    TORN,
    /** An fsync fails; what it was to keep is not written then, nor by any later one. */
    LOST,
    /** The power goes before it, or in the middle of a write. */
    POWER
  }

  /** What a drive is asked to do. */
  public enum Task {
    /** Reads, listings, looks at files. */
    READ,
    /** Writes, and new, changed and deleted names. */
    WRITE,
    /** Files and folders are made durable. */
    FORCE
  }

  boolean strikes(Task asked, int done) {
    return asked == task && done >= after && done - (long) after < times;
  }
}
