package org.opendvx.core.vm;

import java.time.Duration;

/**
 * How long each stage before the thaw may take.
 *
 * @param prepare until a guest is ready to be frozen
 * @param freeze until it is held
 * @param gather from the first guest that is held until the last one of a group is
 * @param cut from "all are held" until the cut is confirmed; later it counts for no guest
 */
public record StageLimits(Duration prepare, Duration freeze, Duration gather, Duration cut) {
  /** What holds unless something else is said. */
  public static final StageLimits USUAL =
      new StageLimits(
          Duration.ofSeconds(180),
          Duration.ofSeconds(60),
          Duration.ofSeconds(4),
          Duration.ofSeconds(1));
}
