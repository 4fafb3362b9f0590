package org.opendvx.server.torture.drive;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** When a drive does what wrong. Confined to the lock of its drive. */
final class Trouble {
  /** Stands between what went wrong and the drive's folder on the standard error. */
  static final String SAYS = ", says ";

  private final Path root;
  private final DrivePlan plan;
  private final Random random;
  private final Map<Fault.Task, Integer> done = new EnumMap<>(Fault.Task.class);
  private final Set<Fault> struck = new HashSet<>();
  private boolean full;
  private boolean wasFull;
  private long fullUntil;
  private long room;

  Trouble(Path root, DrivePlan plan) {
    this.root = root;
    this.plan = plan;
    this.random = new Random(plan.seed());
  }

  /** The numbers of all that is left to chance on the drive. */
  Random random() {
    return random;
  }

  /** Whether what was not forced may get lost. */
  boolean forgets() {
    return plan.forgets();
  }

  /** Whether something is to be on the drive before it was forced. */
  boolean early() {
    return !forgets() || random.nextDouble() < plan.early();
  }

  /**
   * A task begins, one that is either done or not.
   *
   * @throws IOException when it is not to be done
   */
  void begin(Fault.Task task) throws IOException {
    switch (strike(task)) {
      case ERROR, TORN, LOST -> throw new IOException("Input/output error");
      case POWER -> cutPower();
      case NONE -> {}
    }
  }

  /** What becomes of a task. */
  enum Strike {
    NONE,
    ERROR,
    TORN,
    LOST,
    POWER
  }

  /** A task begins. */
  Strike strike(Fault.Task task) {
    int before = done.merge(task, 1, Integer::sum) - 1;
    if (task == Fault.Task.WRITE && plan.fullAfter() >= 0 && before >= plan.fullAfter()) {
      becomeFull();
    }
    for (Fault fault : plan.faults()) {
      if (fault.strikes(task, before)) {
        if (struck.add(fault)) {
          System.err.println(fault.what() + " at " + task + " " + before + SAYS + root);
        }
        return switch (fault.what()) {
          case ERROR -> Strike.ERROR;
          case TORN -> Strike.TORN;
          case LOST -> Strike.LOST;
          case POWER -> Strike.POWER;
        };
      }
    }
    return Strike.NONE;
  }

  /** Ends the process. */
  void cutPower() {
    Runtime.getRuntime().halt(LyingDrives.POWER_CODE);
  }

  private void becomeFull() {
    if (!wasFull) {
      wasFull = true;
      full = true;
      System.err.println("FULL for " + plan.fullMillis() + " ms" + SAYS + root);
      fullUntil = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(plan.fullMillis());
    }
  }

  /** Whether others have all the room on the file system now. */
  boolean full() {
    if (full && System.nanoTime() - fullUntil >= 0) {
      full = false;
    }
    return full;
  }

  /** What became free since it was full, bytes. */
  long room() {
    return room;
  }

  /** Takes room, when there is none but what became free since. */
  void take(long bytes) throws IOException {
    if (bytes > 0 && full()) {
      if (bytes > room) {
        throw new IOException("No space left on device");
      }
      room -= bytes;
    }
  }

  /** Something became free. */
  void give(long bytes) {
    if (full()) {
      room += bytes;
    }
  }
}
