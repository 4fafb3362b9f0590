package org.opendvx.core.pool.local;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.pool.ContainerStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rebuilds, empties, rebalances, makes ballast and scrubs, in this order, a little at a time, on a
 * thread of its own and a few that it has work for it.
 */
final class CareLoop implements DriveCare, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CareLoop.class);
  private static final int WORKERS = 4;
  private static final long IDLE_MILLIS = 500;
  private static final long CLOSE_MILLIS = 10_000;

  private final MembershipKeeper keeper;
  private final Room room;
  private final Ballast ballast;
  private final SlowDrives slow;
  private final DriveChanges changes;
  private final CareRecord record;
  private final Rebuild rebuild;
  private final Balance balance;
  private final Scrubber scrubber;
  private final StripeCheck stripes;
  private final ExecutorService workers =
      Executors.newFixedThreadPool(
          WORKERS, Thread.ofPlatform().daemon().name("dvx-drive-care-", 1).factory());
  private final Thread thread =
      Thread.ofPlatform().daemon().name("dvx-drive-care").unstarted(this::run);
  private final Semaphore wanted = new Semaphore(0);
  private volatile boolean started;
  private volatile boolean closed;

  CareLoop(
      PoolOpener.Opening opening,
      LocalPoolConfig config,
      MembershipKeeper keeper,
      LocalRecordStore records,
      LocalContainerStore containers,
      Room room,
      Ballast ballast,
      SlowDrives slow,
      DriveChanges changes) {
    this.keeper = keeper;
    this.room = room;
    this.ballast = ballast;
    this.slow = slow;
    this.changes = changes;
    this.record = new CareRecord(records);
    DriveCareSettings settings = config.care();
    this.rebuild = new Rebuild(keeper, containers, settings, record, workers);
    this.balance = new Balance(keeper, containers, room, settings, record, workers);
    this.stripes = new StripeCheck(opening.pool(), keeper, containers);
    this.scrubber =
        new Scrubber(opening.pool(), opening.created(), keeper, containers, settings, record);
  }

  void start() {
    record.load();
    started = true;
    thread.start();
  }

  private void run() {
    while (!closed) {
      try {
        boolean worked =
            rebuild.slice()
                || changes.goOn()
                || balance.slice()
                || ballast.slice()
                || scrubber.slice();
        if (!worked) {
          rest();
        }
      } catch (InterruptedException _) {
        LOG.debug("The pool is being closed");
        return;
      } catch (DvxException e) {
        LOG.warn("Looking after the drives failed: {}", e.getMessage());
        pause();
      } catch (RuntimeException e) {
        if (!closed) {
          LOG.error("Looking after the drives failed", e);
          pause();
        }
      }
    }
  }

  private void pause() {
    try {
      rest();
    } catch (InterruptedException _) {
      closed = true;
    }
  }

  private void rest() throws InterruptedException {
    boolean _ = wanted.tryAcquire(IDLE_MILLIS, TimeUnit.MILLISECONDS);
    wanted.drainPermits();
  }

  private void wake() {
    wanted.release();
  }

  @Override
  public CareStatus status() {
    PoolView view = keeper.view();
    List<CareStatus.DriveCondition> drives = new ArrayList<>();
    for (Member member : view.membership().members()) {
      if (member.counts()) {
        drives.add(condition(member, view));
      }
    }
    return new CareStatus(drives, rebuild.status(), balance.status(), scrubber.status());
  }

  private CareStatus.DriveCondition condition(Member member, PoolView view) {
    Drive drive = view.drive(member.index());
    if (drive == null) {
      return new CareStatus.DriveCondition(member.index(), member.leaving(), false, "", 0, 0, 0, 0);
    }
    long free = Math.max(0, room.forShards(drive) - drive.shardBytes().get());
    boolean suspected = slow.suspects(drive);
    List<String> notes = new ArrayList<>();
    if (free < ContainerStore.MAX_LENGTH) {
      notes.add("full");
    }
    if (suspected) {
      notes.add("much slower than the others for long");
    }
    if (drive.readErrors().get() > 0) {
      notes.add("reads fail");
    }
    return new CareStatus.DriveCondition(
        member.index(),
        member.leaving(),
        suspected,
        String.join("; ", notes),
        drive.readErrors().get(),
        drive.badShards().get(),
        slow.meanMicros(drive),
        free);
  }

  @Override
  public void replace(int index, Path folder) {
    changes.replace(index, folder);
    balance.want();
    wake();
  }

  @Override
  public int add(Path folder) {
    int index = changes.add(folder);
    balance.want();
    wake();
    return index;
  }

  @Override
  public void remove(int index) {
    changes.remove(index);
    wake();
  }

  @Override
  public void keep(int index) {
    changes.keep(index);
    wake();
  }

  @Override
  public void rebuildNow() {
    rebuild.force();
    wake();
  }

  @Override
  public void rebalance() {
    keeper.requireServing();
    balance.want();
    wake();
  }

  @Override
  public void scrub() {
    keeper.requireServing();
    scrubber.begin();
    wake();
  }

  @Override
  public List<String> check(long container) {
    return stripes.check(container);
  }

  /** Ends what is under way; the next opening goes on. */
  @Override
  public void close() {
    closed = true;
    workers.shutdownNow();
    if (!started) {
      return;
    }
    thread.interrupt();
    try {
      if (!thread.join(Duration.ofMillis(CLOSE_MILLIS))
          || !workers.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS)) {
        LOG.warn("Looking after the drives did not end in time");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
