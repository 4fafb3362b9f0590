package org.opendvx.core.pool.local;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.pool.ContainerStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves shards from drives that are fuller than the mean to drives that are less full, each once:
 * what is moved is what the less full ones lack, and hardly more. One thread calls it.
 */
final class Balance {
  private static final Logger LOG = LoggerFactory.getLogger(Balance.class);
  private static final String WANTED = "balance.wanted";
  private static final int SLICE = 32;

  /** Differences that are left: a few shards, or a fiftieth of the mean. */
  private static final int SLACK_SHARDS = 4;

  private static final int SLACK_FRACTION = 50;

  private final MembershipKeeper keeper;
  private final LocalContainerStore containers;
  private final Room room;
  private final Pace pace;
  private final CareRecord record;
  private final ExecutorService workers;
  private volatile CareStatus.Work status = CareStatus.Work.IDLE;
  private long[] ids = new long[0];
  private int next;
  private boolean planned;
  private long least;
  private long moved;
  private long movedThisPass;
  private long started;

  /** A shard that is to be moved. */
  private record Move(ContainerEntry entry, int shard, Drive target) {}

  Balance(
      MembershipKeeper keeper,
      LocalContainerStore containers,
      Room room,
      DriveCareSettings settings,
      CareRecord record,
      ExecutorService workers) {
    this.keeper = keeper;
    this.containers = containers;
    this.room = room;
    this.pace = new Pace(settings.rebuildRate());
    this.record = record;
    this.workers = workers;
  }

  CareStatus.Work status() {
    return status;
  }

  /** Asks for it, durably. */
  void want() {
    record.set(WANTED, 1);
    record.save();
  }

  /**
   * Does some of it.
   *
   * @return whether there was anything to do
   */
  boolean slice() throws InterruptedException {
    if (record.get(WANTED) == 0) {
      return false;
    }
    PoolView view = keeper.view();
    if (view.failed() || !view.complete()) {
      planned = false;
      status =
          new CareStatus.Work(
              CareStatus.Phase.WAITING, 0, 0, 0, 0, "it goes on when all drives are in use");
      return false;
    }
    if (view.membership().hasFilling()) {
      planned = false;
      status =
          new CareStatus.Work(
              CareStatus.Phase.WAITING, 0, 0, 0, 0, "it goes on when lost shards are rebuilt");
      return false;
    }
    Map<Drive, Long> excess = excess(view.placeable());
    if (!planned) {
      plan(excess);
    }
    if (next >= ids.length || even(excess)) {
      finish(excess);
      return true;
    }
    move(view, excess);
    return true;
  }

  /** Bytes that each drive has above its share of all that is stored; negative below it. */
  private Map<Drive, Long> excess(Collection<Drive> drives) {
    double stored = 0;
    double capacity = 1;
    for (Drive drive : drives) {
      stored += drive.shardBytes().get();
      capacity += room.forShards(drive);
    }
    Map<Drive, Long> excess = new HashMap<>();
    for (Drive drive : drives) {
      long share = Math.round(stored * room.forShards(drive) / capacity);
      excess.put(drive, drive.shardBytes().get() - share);
    }
    return excess;
  }

  private static long slack(Map<Drive, Long> excess) {
    long stored = excess.keySet().stream().mapToLong(drive -> drive.shardBytes().get()).sum();
    long mean = stored / Math.max(1, excess.size());
    long shard = ContainerStore.MAX_LENGTH / StripeShape.MAX_DATA_SHARDS;
    return Math.min(SLACK_SHARDS * shard, mean / SLACK_FRACTION);
  }

  private static boolean even(Map<Drive, Long> excess) {
    long slack = slack(excess);
    return excess.values().stream().noneMatch(bytes -> bytes < -slack);
  }

  private void plan(Map<Drive, Long> excess) {
    ids = containers.index().sortedIds();
    next = 0;
    movedThisPass = 0;
    planned = true;
    if (started == 0) {
      started = System.currentTimeMillis();
      moved = 0;
      least = excess.values().stream().filter(bytes -> bytes < 0).mapToLong(bytes -> -bytes).sum();
      LOG.info("Rebalancing: at least {} bytes are to be moved", least);
    }
  }

  private void finish(Map<Drive, Long> excess) {
    planned = false;
    if (movedThisPass > 0 && !even(excess)) {
      // Some were in use by others meanwhile: once more.
      return;
    }
    record.set(WANTED, 0);
    record.save();
    LOG.info(
        "Rebalanced: {} bytes moved, {} times the least possible",
        moved,
        least == 0 ? 1 : (double) moved / least);
    status = new CareStatus.Work(CareStatus.Phase.IDLE, least, moved, 2 * moved, started, "");
    started = 0;
  }

  private void move(PoolView view, Map<Drive, Long> excess) throws InterruptedException {
    List<Move> moves = new ArrayList<>();
    while (next < ids.length && moves.size() < SLICE) {
      ContainerEntry entry = containers.index().get(ids[next++]);
      Move move = entry == null ? null : choose(entry, view, excess);
      if (move != null) {
        moves.add(move);
        long bytes = move.entry().shape().fileBytes();
        Drive source = view.drive(move.entry().drive(move.shard()));
        if (source != null) {
          excess.merge(source, -bytes, Long::sum);
        }
        excess.merge(move.target(), bytes, Long::sum);
      }
    }
    List<Callable<Mender.Outcome>> calls = new ArrayList<>();
    for (Move move : moves) {
      calls.add(
          () -> {
            Courtesy.wait(keeper.view());
            Mender.Outcome outcome =
                containers.mender().move(move.entry(), move.shard(), move.target());
            pace.worked(outcome.bytes());
            return outcome;
          });
    }
    int i = 0;
    for (Future<Mender.Outcome> future : workers.invokeAll(calls)) {
      try {
        if (future.get().result() == Mender.Result.DONE) {
          movedThisPass += moves.get(i).entry().shape().fileBytes();
          moved += moves.get(i).entry().shape().fileBytes();
        }
      } catch (ExecutionException e) {
        LOG.error("Moving a shard failed", e.getCause());
      }
      i++;
    }
    status =
        new CareStatus.Work(
            CareStatus.Phase.RUNNING, Math.max(least, moved), moved, 2 * moved, started, "");
  }

  /** A shard of the fullest drive that has one, to the least full drive that has none. */
  private static @Nullable Move choose(
      ContainerEntry entry, PoolView view, Map<Drive, Long> excess) {
    long bytes = entry.shape().fileBytes();
    int shard = -1;
    long most = bytes / 2;
    for (int i = 0; i < entry.shape().shards(); i++) {
      Drive drive = view.drive(entry.drive(i));
      long above = drive == null ? 0 : excess.getOrDefault(drive, 0L);
      if (above > most) {
        most = above;
        shard = i;
      }
    }
    Drive target = null;
    long deepest = -bytes / 2;
    for (Drive drive : Mender.free(entry, view)) {
      long above = excess.getOrDefault(drive, 0L);
      if (above < deepest) {
        deepest = above;
        target = drive;
      }
    }
    return shard < 0 || target == null ? null : new Move(entry, shard, target);
  }
}
