package org.opendvx.rhv.quiesce;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.Rhv;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Thaws until it is done: through restarts of the engine, lost sessions and our own restart. One
 * thread a guest, which tries a few times a second at first and every second later.
 *
 * <p>A freeze whose answer nobody saw may be carried out after the thaw, by an engine that got it
 * late or was slow with it. Its guest stays in the journal and is thawed again for three minutes.
 */
final class ThawKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(ThawKeeper.class);

  /**
   * When a guest is thawed again, from the first thaw: so often that a freeze which comes late is
   * let go within ten seconds. An engine gives a host three minutes.
   */
  static final List<Duration> AGAIN =
      IntStream.concat(
              IntStream.iterate(5, second -> second <= 60, second -> second + 5),
              IntStream.iterate(70, second -> second <= 190, second -> second + 10))
          .mapToObj(Duration::ofSeconds)
          .toList();

  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
  private static final Duration JOIN = Duration.ofSeconds(1);
  private static final int TRIES_BETWEEN_ALARMS = 60;

  private final Function<String, Optional<Rhv>> engines;
  private final FreezeJournal journal;
  private final FreezeAudit audit;
  private final OtherThaw other;
  private final ThawClock clock;
  private final List<Duration> again;
  private final Map<VmRef, Thread> running = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * Keeps nothing yet.
   *
   * @param again when guests are thawed again whose freeze was not answered; ascending
   */
  ThawKeeper(
      Function<String, Optional<Rhv>> engines,
      FreezeJournal journal,
      FreezeAudit audit,
      OtherThaw other,
      ThawClock clock,
      List<Duration> again) {
    this.engines = engines;
    this.journal = journal;
    this.audit = audit;
    this.other = other;
    this.clock = clock;
    this.again = List.copyOf(again);
  }

  /** Whether the engine's answer to a freeze was seen, so that it is over and cannot come late. */
  enum Answer {
    SEEN,
    UNSEEN
  }

  /** Goes on with what an earlier run left behind. Nobody knows which answers that run saw. */
  void takeUp() {
    long longAgo = clock.nanos() - Duration.ofMinutes(1).toNanos();
    for (FreezeJournal.Entry each : journal.entries()) {
      if (each.thaws() == 0) {
        audit.stuck(each.vm(), "the node was stopped while it was frozen");
      }
      start(each, Answer.UNSEEN, longAgo);
    }
  }

  /** One try, with a time limit; the guest is thawed when this returns. */
  void once(VmRef vm, String host, Answer answer) {
    ThawTry.byEngine(engines, vm);
    FreezeJournal.Entry entry = new FreezeJournal.Entry(vm, host, 0, clock.now());
    Optional<FreezeJournal.Entry> rest =
        thawed(entry, new ThawTry.Done("by the engine", false), answer, 1, true);
    rest.ifPresent(left -> start(left, answer, clock.nanos()));
  }

  /**
   * Tries in the background until it is done.
   *
   * @param begin when the guest may have been frozen, by {@link ThawClock#nanos}
   */
  void keep(VmRef vm, String host, String why, Answer answer, long begin) {
    audit.stuck(vm, why);
    start(new FreezeJournal.Entry(vm, host, 0, clock.now()), answer, begin);
  }

  /** Whether somebody still tries. */
  boolean keeps(VmRef vm) {
    return running.containsKey(vm);
  }

  private void start(FreezeJournal.Entry entry, Answer answer, long begin) {
    VmRef vm = entry.vm();
    Thread thread =
        Thread.ofVirtual().name("thaw-" + vm.id()).unstarted(() -> untilDone(entry, answer, begin));
    // One that is there has closed the journal's entry, or this one would not have been made.
    running.put(vm, thread);
    thread.start();
  }

  private void untilDone(FreezeJournal.Entry first, Answer answer, long begin) {
    try {
      Optional<FreezeJournal.Entry> entry = Optional.of(first);
      long since = begin;
      while (entry.isPresent() && !closed) {
        FreezeJournal.Entry now = entry.get();
        if (now.thaws() > 0) {
          clock.pause(untilDue(now));
          since = clock.nanos();
        }
        entry = untilThawed(now, answer, since);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      running.remove(first.vm(), Thread.currentThread());
    }
  }

  private Duration untilDue(FreezeJournal.Entry entry) {
    Duration step = again.get(Math.min(entry.thaws(), again.size()) - 1);
    Duration left = Duration.between(clock.now(), entry.first().plus(step));
    // The time of day may have been set back.
    return left.isNegative() ? Duration.ZERO : left.compareTo(step) > 0 ? step : left;
  }

  /** What is left to do after the guest was thawed. */
  private Optional<FreezeJournal.Entry> untilThawed(
      FreezeJournal.Entry entry, Answer answer, long since) throws InterruptedException {
    ThawTry ways = ways(entry, since);
    Duration pause = FIRST_PAUSE;
    boolean tell = entry.thaws() == 0;
    for (int attempt = 1; !closed; attempt++) {
      Optional<ThawTry.Done> done = ways.once();
      if (done.isPresent()) {
        try {
          return thawed(entry, done.get(), answer, attempt, tell);
        } catch (DvxException e) {
          LOG.error("the thaw of {} cannot be noted, and is repeated: {}", entry.vm(), e.render());
        }
      } else if (attempt % TRIES_BETWEEN_ALARMS == 0 || (attempt == 1 && entry.thaws() > 0)) {
        audit.stuck(entry.vm(), ways.trouble());
        tell = true;
      }
      clock.pause(pause);
      pause = pause.compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
      pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
    }
    return Optional.empty();
  }

  private ThawTry ways(FreezeJournal.Entry entry, long since) {
    return new ThawTry(engines, audit, other, clock, entry.vm(), entry.host(), since);
  }

  /** Notes it, and tells unless it is one of many thaws of a guest that is most likely not held. */
  private Optional<FreezeJournal.Entry> thawed(
      FreezeJournal.Entry entry, ThawTry.Done done, Answer answer, int attempts, boolean tell) {
    boolean over =
        answer == Answer.SEEN || done.gone() || again.isEmpty() || entry.thaws() >= again.size();
    Optional<FreezeJournal.Entry> left = Optional.empty();
    if (over) {
      journal.done(entry.vm());
    } else {
      FreezeJournal.Entry next =
          new FreezeJournal.Entry(
              entry.vm(),
              entry.host(),
              entry.thaws() + 1,
              entry.thaws() == 0 ? clock.now() : entry.first());
      journal.thawed(next);
      left = Optional.of(next);
    }
    String how =
        entry.thaws() == 0
            ? done.how()
            : done.how()
                + ", for the "
                + (entry.thaws() + 1)
                + "th time, in case its freeze came late";
    if (tell || over) {
      audit.thawed(entry.vm(), how, attempts);
    }
    return left;
  }

  /**
   * Tries a last time to thaw all that is in the journal. What is not done stays there, for the
   * next start.
   *
   * @param end until when, by {@link System#nanoTime}
   */
  void close(long end) {
    closed = true;
    List<Thread> before = List.copyOf(running.values());
    before.forEach(Thread::interrupt);
    before.forEach(thread -> join(thread, JOIN));
    List<Thread> last = new ArrayList<>();
    for (FreezeJournal.Entry each : journal.entries()) {
      last.add(
          Thread.ofVirtual().name("last-thaw-" + each.vm().id()).start(() -> lastTries(each, end)));
    }
    for (Thread thread : last) {
      join(thread, Duration.ofNanos(Math.max(1, end - System.nanoTime())));
      thread.interrupt();
    }
    for (FreezeJournal.Entry each : journal.entries()) {
      if (each.thaws() == 0) {
        LOG.error("{} may be frozen and is thawed when the node starts again", each.vm());
      }
    }
  }

  /** The next start thaws it again in any case, since the answers that were seen are forgotten. */
  private void lastTries(FreezeJournal.Entry entry, long end) {
    ThawTry ways = ways(entry, clock.nanos() - Duration.ofMinutes(1).toNanos());
    try {
      while (System.nanoTime() - end < 0) {
        Optional<ThawTry.Done> done = ways.once();
        if (done.isPresent()) {
          if (entry.thaws() == 0) {
            Object _ = thawed(entry, done.get(), Answer.UNSEEN, 1, true);
          }
          return;
        }
        Thread.sleep(FIRST_PAUSE);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (DvxException e) {
      LOG.error("the thaw of {} cannot be noted: {}", entry.vm(), e.render());
    }
  }

  private static void join(Thread thread, Duration limit) {
    try {
      if (!thread.join(limit)) {
        LOG.debug("{} still waits for its engine", thread.getName());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
