package org.opendvx.core.pool.local;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Mends all containers that lack shards or have some on drives that are to leave, those first that
 * lack most. There is no list of what is to be done but the index of containers, so a restart goes
 * on where it was. One thread calls it; it has others mend.
 */
final class Rebuild {
  private static final Logger LOG = LoggerFactory.getLogger(Rebuild.class);

  /** After a pass that got nowhere. */
  private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final String TOTAL = "rebuild.total";
  private static final String STARTED = "rebuild.started";

  /** Containers between two looks at what else there is to do. */
  private static final int SLICE = 32;

  private final MembershipKeeper keeper;
  private final LocalContainerStore containers;
  private final DriveCareSettings settings;
  private final Pace pace;
  private final CareRecord record;
  private final ExecutorService workers;
  private final Map<Integer, Long> awaySince = new HashMap<>();
  private final AtomicLong bytes = new AtomicLong();
  private volatile boolean forced;
  private volatile CareStatus.Work status = CareStatus.Work.IDLE;
  private long[] todo = new long[0];
  private int next;
  private long plannedFor = -1;
  private boolean planned;
  private long progress;
  private String reason = "";
  private long restUntil = System.nanoTime();
  private long restFor = -1;

  Rebuild(
      MembershipKeeper keeper,
      LocalContainerStore containers,
      DriveCareSettings settings,
      CareRecord record,
      ExecutorService workers) {
    this.keeper = keeper;
    this.containers = containers;
    this.settings = settings;
    this.pace = new Pace(settings.rebuildRate());
    this.record = record;
    this.workers = workers;
  }

  CareStatus.Work status() {
    return status;
  }

  /** Waits no longer for drives that are away. */
  void force() {
    forced = true;
    restUntil = System.nanoTime();
  }

  /** Whether drives that are away are not waited for any more. */
  boolean forced() {
    return forced;
  }

  /**
   * Does some of it.
   *
   * @return whether there was anything to do
   */
  boolean slice() throws InterruptedException {
    PoolView view = keeper.view();
    if (view.failed()) {
      planned = false;
      return false;
    }
    if (!due(view)) {
      planned = false;
      return false;
    }
    long generation = view.membership().generation();
    planned &= plannedFor == generation;
    if (!planned) {
      boolean resting = System.nanoTime() - restUntil < 0 && restFor == generation;
      if (resting || !plan(view)) {
        return false;
      }
    }
    work();
    if (next >= todo.length) {
      endOfPass();
    }
    return true;
  }

  /** Whether what is missing is to be written elsewhere now. */
  private boolean due(PoolView view) {
    Set<Integer> away = new HashSet<>();
    boolean leaving = false;
    for (Member member : view.membership().members()) {
      if (member.counts() && view.drive(member.index()) == null) {
        away.add(member.index());
      }
      leaving |= member.counts() && member.leaving();
    }
    awaySince.keySet().retainAll(away);
    if (away.isEmpty()) {
      forced = false;
      return true;
    }
    long now = System.nanoTime();
    long longest = 0;
    for (int index : away) {
      longest = Math.max(longest, now - awaySince.computeIfAbsent(index, _ -> now));
    }
    long left = settings.rebuildDelay().toNanos() - longest;
    if (forced || leaving || left <= 0) {
      return true;
    }
    status =
        new CareStatus.Work(
            CareStatus.Phase.WAITING,
            containers.redundancy().degraded(),
            0,
            bytes.get(),
            0,
            "drives "
                + away
                + " are away; what they had is rebuilt in "
                + TimeUnit.NANOSECONDS.toSeconds(left)
                + " s");
    return false;
  }

  private boolean plan(PoolView view) {
    List<List<Long>> byUrgency = new ArrayList<>();
    for (int i = 0; i <= Quorum.PARITY + 1; i++) {
      byUrgency.add(new ArrayList<>());
    }
    containers
        .index()
        .forEach(
            entry -> {
              int missing = Math.min(Quorum.PARITY + 1, Mender.missing(entry, view).size());
              if (missing > 0 || !Mender.leaving(entry, view).isEmpty()) {
                byUrgency.get(missing).add(entry.id());
              }
            });
    todo = byUrgency.reversed().stream().flatMap(List::stream).mapToLong(Long::longValue).toArray();
    next = 0;
    progress = 0;
    reason = "";
    plannedFor = view.membership().generation();
    if (todo.length == 0) {
      finished();
      return false;
    }
    planned = true;
    if (record.get(TOTAL) < todo.length) {
      record.set(TOTAL, todo.length);
      record.set(STARTED, System.currentTimeMillis());
      record.save();
      LOG.info("{} containers lack shards or are to be moved", todo.length);
    }
    show(CareStatus.Phase.RUNNING);
    return true;
  }

  private void finished() {
    if (record.get(TOTAL) > 0) {
      LOG.info("All containers have all their shards: {} were mended", record.get(TOTAL));
      record.set(TOTAL, 0);
      record.set(STARTED, 0);
      record.save();
    }
    restFor = keeper.view().membership().generation();
    restUntil = System.nanoTime() + REST_NANOS;
    status = new CareStatus.Work(CareStatus.Phase.IDLE, 0, 0, bytes.get(), 0, "");
  }

  private void work() throws InterruptedException {
    int end = Math.min(todo.length, next + SLICE);
    List<Callable<Mender.Outcome>> calls = new ArrayList<>();
    for (long id : Arrays.copyOfRange(todo, next, end)) {
      calls.add(
          () -> {
            Courtesy.wait(keeper.view());
            Mender.Outcome outcome = containers.mender().mend(id);
            bytes.addAndGet(outcome.bytes());
            pace.worked(outcome.bytes());
            return outcome;
          });
    }
    for (Future<Mender.Outcome> future : workers.invokeAll(calls)) {
      try {
        Mender.Outcome outcome = future.get();
        switch (outcome.result()) {
          case DONE -> progress++;
          case NOTHING -> {
            // Deleted, or as good as it can be.
          }
          case NO_ROOM, FAILED -> reason = outcome.reason();
        }
      } catch (ExecutionException e) {
        LOG.error("Mending a container failed", e.getCause());
        reason = String.valueOf(e.getCause());
      }
    }
    next = end;
    show(CareStatus.Phase.RUNNING);
  }

  private void endOfPass() {
    planned = false;
    if (progress == 0) {
      // Whatever is left cannot be made better by what is in use.
      restUntil = System.nanoTime() + REST_NANOS;
      restFor = keeper.view().membership().generation();
      if (reason.isEmpty()) {
        reason = todo.length + " containers have as many shards as the drives in use allow";
      }
      show(CareStatus.Phase.STUCK);
    }
  }

  private void show(CareStatus.Phase phase) {
    long total = Math.max(todo.length, record.get(TOTAL));
    long left = phase == CareStatus.Phase.RUNNING ? todo.length - next : todo.length;
    status =
        new CareStatus.Work(phase, total, total - left, bytes.get(), record.get(STARTED), reason);
  }
}
