package org.opendvx.rhv.watch;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.rhv.inventory.VmReader;
import org.opendvx.rhv.session.EngineSession;
import org.ovirt.engine.sdk4.types.Event;
import org.ovirt.engine.sdk4.types.HostStatus;
import org.ovirt.engine.sdk4.types.Vm;
import org.ovirt.engine.sdk4.types.VmStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows an engine's machines on a thread of its own until it is closed. The engine pushes
 * nothing: while all is quiet one request in 1.2 s asks for new events; a machine that an event
 * names is read again, one that is on its way twice a second; everything is read anew once a minute
 * and after any trouble, since events can be missed. So less than one request a second in the quiet
 * state, and news within two seconds.
 */
public final class VmWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(VmWatch.class);
  private static final long TICK_MILLIS = 1_200;
  private static final long MOVING_TICK_MILLIS = 500;
  private static final Duration RECONCILE = Duration.ofSeconds(60);
  private static final Duration CALL_LIMIT = Duration.ofSeconds(15);
  private static final int PAGE = 200;
  private static final int LARGE_PAGE = 4_000;
  private static final int MOST_SINGLE_READS = 10;
  private static final long LONGEST_PAUSE_MILLIS = 15_000;
  private static final String DOING = "The engine's machines cannot be followed";

  private final EngineSession session;
  private final MobilityTracker tracker;
  private final Thread thread;
  private final CountDownLatch synced = new CountDownLatch(1);
  private long lastEvent = -1;
  private volatile boolean closed;

  /**
   * Starts to follow.
   *
   * @param connection our name of the engine, for references
   * @param listener runs on the watch's thread
   */
  public VmWatch(String connection, EngineSession session, Consumer<VmMobility> listener) {
    this.session = session;
    this.tracker = new MobilityTracker(connection, InstantSource.system(), guarded(listener));
    this.thread = Thread.ofPlatform().daemon().name("dvx-watch-" + connection).start(this::follow);
  }

  /** Waits until the state has been read for the first time; false when the limit passed before. */
  public boolean awaitSynced(Duration limit) {
    try {
      return synced.await(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static Consumer<VmMobility> guarded(Consumer<VmMobility> listener) {
    return event -> {
      try {
        listener.accept(event);
      } catch (RuntimeException e) {
        LOG.error("a listener failed on {}", event, e);
      }
    };
  }

  private void follow() {
    long pause = TICK_MILLIS;
    while (!closed) {
      try {
        long whole = reconcile();
        LOG.debug("the engine's machines are read");
        synced.countDown();
        pause = TICK_MILLIS;
        while (!closed && System.nanoTime() - whole < RECONCILE.toNanos()) {
          if (!rest(tracker.moving().isEmpty() ? TICK_MILLIS : MOVING_TICK_MILLIS)) {
            return;
          }
          news();
        }
      } catch (DvxException e) {
        LOG.warn("following the engine's machines begins anew: {}", e.getMessage());
        if (!rest(pause + ThreadLocalRandom.current().nextLong(pause / 4 + 1))) {
          return;
        }
        pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS);
      } catch (RuntimeException e) {
        LOG.error("following the engine's machines fell over and begins anew", e);
        if (!rest(LONGEST_PAUSE_MILLIS)) {
          return;
        }
      }
    }
  }

  private boolean rest(long millis) {
    try {
      Thread.sleep(millis);
      return !closed;
    } catch (InterruptedException _) {
      // Only close interrupts this thread.
      return false;
    }
  }

  /** Reads everything. Events that come meanwhile are asked for afterwards. */
  private long reconcile() {
    long newest = newest();
    if (newest < lastEvent) {
      LOG.warn("the engine counts its events anew; its database was restored or replaced");
      lastEvent = -1;
    }
    if (lastEvent < 0) {
      lastEvent = newest;
    } else {
      hints(events());
    }
    hosts();
    tracker.all(
        session.once(DOING, CALL_LIMIT, s -> s.vmsService().list().send().vms()).stream()
            .map(VmWatch::seen)
            .toList());
    return System.nanoTime();
  }

  private long newest() {
    return session
        .once(DOING, CALL_LIMIT, s -> s.eventsService().list().max(1).send().events())
        .stream()
        .mapToLong(Notice::number)
        .max()
        .orElse(0);
  }

  private void hosts() {
    Map<String, MobilityTracker.HostSeen> hosts = new LinkedHashMap<>();
    session
        .once(DOING, CALL_LIMIT, s -> s.hostsService().list().send().hosts())
        .forEach(
            host ->
                hosts.put(
                    host.id(),
                    new MobilityTracker.HostSeen(
                        host.name(),
                        host.status() == HostStatus.NON_RESPONSIVE
                            || host.status() == HostStatus.DOWN
                            || host.status() == HostStatus.REBOOT
                            || host.status() == HostStatus.KDUMPING)));
    tracker.hosts(hosts);
  }

  /** Asks for new events, and reads again what they name. */
  private void news() {
    List<Event> page = events();
    Set<String> named = new LinkedHashSet<>(tracker.moving());
    boolean hostNews = page.stream().anyMatch(VmWatch::ofHost);
    named.addAll(hints(page));
    if (hostNews) {
      hosts();
    }
    if (named.size() > MOST_SINGLE_READS) {
      tracker.all(
          session.once(DOING, CALL_LIMIT, s -> s.vmsService().list().send().vms()).stream()
              .map(VmWatch::seen)
              .toList());
      return;
    }
    for (String id : named) {
      read(id);
    }
  }

  private void read(String id) {
    try {
      MobilityTracker.Seen seen =
          seen(
              session.once(DOING, CALL_LIMIT, s -> s.vmsService().vmService(id).get().send().vm()));
      if (!tracker.knows(seen.host())) {
        hosts();
      }
      tracker.machine(seen);
    } catch (DvxException e) {
      if (e.kind() != Kind.NOT_FOUND) {
        throw e;
      }
      tracker.gone(id);
    }
  }

  /** A host is lost, is back, is in maintenance, was fenced. */
  private static boolean ofHost(Event event) {
    return event.codePresent()
        && switch (event.codeAsInteger()) {
          case 12, 13, 348, 494, 9001, 9506, 506, 9602 -> true;
          default -> false;
        };
  }

  /** Tells the tracker, oldest first; the machines that are named. */
  private Set<String> hints(List<Event> page) {
    Set<String> named = new LinkedHashSet<>();
    for (Event event : page) {
      Notice.of(event)
          .ifPresent(
              notice -> {
                named.add(notice.vm());
                tracker.hint(notice);
              });
    }
    return named;
  }

  /**
   * New events, oldest first and once. The engine sends the newest first and cuts the oldest, so a
   * full page is asked for again with more room; what is cut even then is found by reading all.
   */
  private List<Event> events() {
    List<Event> page = page(PAGE);
    if (page.size() >= PAGE) {
      page = page(LARGE_PAGE);
      if (page.size() >= LARGE_PAGE) {
        LOG.info("more than {} events of the engine at once; reading all machines", LARGE_PAGE);
        tracker.all(
            session.once(DOING, CALL_LIMIT, s -> s.vmsService().list().send().vms()).stream()
                .map(VmWatch::seen)
                .toList());
      }
    }
    List<Event> news = new ArrayList<>();
    page.stream()
        .sorted(Comparator.comparingLong(Notice::number))
        .forEach(
            event -> {
              if (Notice.number(event) > lastEvent) {
                lastEvent = Notice.number(event);
                news.add(event);
              }
            });
    return news;
  }

  private List<Event> page(int max) {
    return session.once(
        DOING, CALL_LIMIT, s -> s.eventsService().list().from(lastEvent).max(max).send().events());
  }

  private static MobilityTracker.Seen seen(Vm vm) {
    return new MobilityTracker.Seen(
        vm.id(),
        vm.name(),
        VmReader.power(vm.status()),
        vm.status() == VmStatus.MIGRATING,
        vm.hostPresent() && vm.host().idPresent() ? vm.host().id() : "");
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    if (Thread.currentThread() != thread) {
      try {
        thread.join(TimeUnit.SECONDS.toMillis(10));
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
