package org.opendvx.core.pool.local;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The same work on several drives at once. */
final class DriveGroup {
  private DriveGroup() {}

  /** Work on one drive of several. */
  @FunctionalInterface
  interface Work<T> {
    /** Runs on a thread of that drive. */
    @Nullable T run(Drive drive, DriveIo.Ticket ticket) throws IOException;
  }

  /** What came of it on one drive: a value or a failure. */
  record Outcome<T>(Drive drive, @Nullable T value, @Nullable IOException failure) {
    boolean ok() {
      return failure == null;
    }

    /** The failure of a drive that has failed. */
    IOException failureOrBug() {
      return failure != null ? failure : new IOException("no failure");
    }

    /** The drive is full, not broken. */
    boolean noSpace() {
      return failure != null && IoErrors.isNoSpace(failure);
    }

    /** The drive must not be trusted with this any more. */
    boolean broken() {
      return failure != null && !IoErrors.isNoSpace(failure);
    }
  }

  /** Starts the work on every drive, waits for all within one limit, and tells what came of it. */
  static <T> List<Outcome<T>> run(Collection<Drive> drives, DriveIo.Lane lane, Work<T> work) {
    return run(drives, lane, 1, work);
  }

  /**
   * As {@link #run(Collection, DriveIo.Lane, Work)}, with more time.
   *
   * @param limits how many times the usual limit is granted
   */
  static <T> List<Outcome<T>> run(
      Collection<Drive> drives, DriveIo.Lane lane, int limits, Work<T> work) {
    return start(drives, lane, limits, work).await();
  }

  /** Starts the work on every drive; its time runs from now on. */
  static <T> Started<T> start(
      Collection<Drive> drives, DriveIo.Lane lane, int limits, Work<T> work) {
    List<DriveIo.Pending<T>> pending = new ArrayList<>(drives.size());
    long deadline = Long.MAX_VALUE;
    long now = System.nanoTime();
    for (Drive drive : drives) {
      pending.add(drive.io().start(lane, ticket -> work.run(drive, ticket)));
      deadline = now + limits * (drive.io().deadline() - System.nanoTime());
    }
    return new Started<>(List.copyOf(drives), pending, deadline);
  }

  /** Work under way on several drives. */
  record Started<T>(List<Drive> drives, List<DriveIo.Pending<T>> pending, long deadlineNanos) {
    /** Waits for all within the limit, and tells what came of it. */
    List<Outcome<T>> await() {
      List<Outcome<T>> outcomes = new ArrayList<>(drives.size());
      for (int i = 0; i < drives.size(); i++) {
        try {
          outcomes.add(new Outcome<>(drives.get(i), pending.get(i).await(deadlineNanos), null));
        } catch (IOException e) {
          outcomes.add(new Outcome<>(drives.get(i), null, e));
        }
      }
      return outcomes;
    }
  }
}
