package org.opendvx.server.service;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.PoolStatus.Drive;
import org.opendvx.core.pool.PoolStatus.DriveState;
import org.opendvx.core.pool.PoolStatus.Health;
import org.opendvx.server.service.EventLog.Severity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes events of what happens to drives and to the pool's health. */
public final class PoolWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PoolWatch.class);

  private final Pool pool;
  private final EventLog events;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("pool-watch").factory());

  /** Of that thread alone, after the start. */
  private final Map<String, DriveState> drives = new HashMap<>();

  private Health health;

  /** Takes the present state as known. */
  public PoolWatch(Pool pool, EventLog events) {
    this.pool = pool;
    this.events = events;
    PoolStatus status = pool.status();
    this.health = status.health();
    status.drives().forEach(drive -> drives.put(drive.id(), drive.state()));
    if (health != Health.HEALTHY) {
      events.add(severity(health), "pool.health", health.name(), status.summary());
    }
  }

  /** Looks every so often. */
  public PoolWatch start(Duration interval) {
    var _ =
        thread.scheduleWithFixedDelay(
            this::lookSafely, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    return this;
  }

  /** Compares the state with the one before. */
  void look() {
    PoolStatus status = pool.status();
    for (Drive drive : status.drives()) {
      DriveState before = drives.put(drive.id(), drive.state());
      if (before != drive.state()) {
        tell(drive, before == null);
      }
    }
    if (status.health() != health) {
      health = status.health();
      events.add(severity(health), "pool.health", health.name(), status.summary());
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  private void lookSafely() {
    try {
      look();
    } catch (RuntimeException e) {
      LOG.warn("the pool's state cannot be read", e);
    }
  }

  private void tell(Drive drive, boolean isNew) {
    switch (drive.state()) {
      case ACTIVE ->
          events.add(
              Severity.INFO,
              isNew ? "drive.added" : "drive.returned",
              drive.path(),
              "the drive takes part");
      case EVICTED ->
          events.add(Severity.ERROR, "drive.evicted", drive.path(), because(drive, "shut out"));
      case MISSING ->
          events.add(Severity.ERROR, "drive.missing", drive.path(), because(drive, "missing"));
    }
  }

  private static String because(Drive drive, String what) {
    return "the drive is " + what + (drive.reason().isEmpty() ? "" : ": " + drive.reason());
  }

  private static Severity severity(Health health) {
    return switch (health) {
      case HEALTHY -> Severity.INFO;
      case DEGRADED -> Severity.WARNING;
      case FAILED -> Severity.ERROR;
    };
  }
}
