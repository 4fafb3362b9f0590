package org.opendvx.server.torture.drive;

import java.util.List;

/**
 * What a drive does in one process.
 *
 * @param faults what goes wrong, the first that strikes counts
 * @param forgets whether what was not forced is gone when the process dies
 * @param early what part of that is on the drive before it is forced all the same, 0 to 1
 * @param fullAfter writes after which its file system is full, -1 for never
 * @param fullMillis how long it is full
 * @param seed of what is left to chance
 */
public record DrivePlan(
    List<Fault> faults, boolean forgets, double early, int fullAfter, int fullMillis, long seed) {

  /** Copies the list. */
  public DrivePlan {
    faults = List.copyOf(faults);
  }

  /** A drive that works. */
  public static DrivePlan sound() {
    return new DrivePlan(List.of(), false, 1, -1, 0, 0);
  }
}
