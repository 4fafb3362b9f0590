package org.opendvx.server.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.PoolStatus.Capacity;
import org.opendvx.core.pool.PoolStatus.Drive;
import org.opendvx.core.pool.PoolStatus.DriveState;
import org.opendvx.core.pool.PoolStatus.Health;
import org.opendvx.server.api.EventView;

class PoolWatchTest {
  private final EventLog events = new EventLog(Clock.systemUTC());
  private final Pool pool = mock(Pool.class);

  @Test
  void eachChangeOfADriveAndOfTheHealthIsToldOnce() {
    state(Health.HEALTHY, DriveState.ACTIVE, "");
    try (PoolWatch watch = new PoolWatch(pool, events)) {
      watch.look();
      assertEquals(List.of(), told());
      state(Health.DEGRADED, DriveState.EVICTED, "an fsync failed");
      watch.look();
      watch.look();
      state(Health.HEALTHY, DriveState.ACTIVE, "");
      watch.look();
    }
    assertEquals(
        List.of(
            "ERROR drive.evicted /d: the drive is shut out: an fsync failed",
            "WARNING pool.health DEGRADED: summary",
            "INFO drive.returned /d: the drive takes part",
            "INFO pool.health HEALTHY: summary"),
        told());
  }

  @Test
  void aPoolThatStartsBadlyIsToldAtOnce() {
    state(Health.FAILED, DriveState.MISSING, "");
    new PoolWatch(pool, events).close();
    assertEquals(List.of("ERROR pool.health FAILED: summary"), told());
  }

  private List<String> told() {
    return events.list(0, 100).items().stream().map(PoolWatchTest::line).toList();
  }

  private static String line(EventView event) {
    return event.severity() + " " + event.kind() + " " + event.subject() + ": " + event.message();
  }

  private void state(Health health, DriveState drive, String reason) {
    when(pool.status())
        .thenReturn(
            new PoolStatus(
                health,
                "summary",
                2,
                1,
                List.of(new Drive(0, "id", "/d", drive, reason, 1, 1, 1)),
                new Capacity(1, 1, 1, 1),
                0,
                0));
  }
}
