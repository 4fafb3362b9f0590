package org.opendvx.vsphere.watch;

import com.vmware.vim25.Event;
import com.vmware.vim25.EventFilterSpec;
import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.ObjectUpdate;
import com.vmware.vim25.ObjectUpdateKind;
import com.vmware.vim25.PropertyChange;
import com.vmware.vim25.PropertyFilterUpdate;
import com.vmware.vim25.ServiceContent;
import com.vmware.vim25.UpdateSet;
import com.vmware.vim25.VimPortType;
import com.vmware.vim25.WaitOptions;
import java.rmi.RemoteException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.vsphere.inventory.VmReader;
import org.opendvx.vsphere.session.Faults;
import org.opendvx.vsphere.session.Properties;
import org.opendvx.vsphere.session.VimSession;
import org.opendvx.vsphere.soap.SoapFault;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows a vCenter's machines on a thread of its own until it is closed. Whatever goes wrong, it
 * begins anew after a pause that grows to a bound (a long one after a refused login), reads the
 * whole state, and tells what changed meanwhile.
 */
public final class VmWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(VmWatch.class);
  private static final int WAIT_SECONDS = 20;
  private static final int MOST_UPDATES = 1000;
  private static final int EVENT_PAGE = 200;
  private static final long FIRST_PAUSE_MILLIS = 200;
  private static final long LONGEST_PAUSE_MILLIS = 15_000;

  /** vCenter locks an account after five refused logins within three minutes, by default. */
  private static final long REFUSED_PAUSE_MILLIS = 120_000;

  private static final Duration SLACK = Duration.ofSeconds(20);

  private final VimSession session;
  private final MobilityTracker tracker;
  private final Thread thread;
  private final CountDownLatch synced = new CountDownLatch(1);
  private volatile boolean closed;

  /** Of the watch's own thread. */
  private boolean knowsThePast;

  /** What vCenter keeps for us while we follow. */
  private record Subscription(
      ManagedObjectReference collector,
      ManagedObjectReference view,
      List<ManagedObjectReference> filters,
      @Nullable ManagedObjectReference events) {}

  /** One call that gives something back. */
  @FunctionalInterface
  private interface Ending {
    void run() throws RemoteException;
  }

  /**
   * Starts to follow.
   *
   * @param hypervisor name of the connection, for references
   * @param listener runs on the watch's thread
   */
  public VmWatch(String hypervisor, VimSession session, Consumer<VmMobility> listener) {
    this.session = session;
    this.tracker = new MobilityTracker(hypervisor, InstantSource.system(), guarded(listener));
    this.thread = Thread.ofPlatform().daemon().name("dvx-watch-" + hypervisor).start(this::follow);
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
    long pause = FIRST_PAUSE_MILLIS;
    while (!closed) {
      Subscription subscription = null;
      boolean refused = false;
      long since = System.nanoTime();
      try {
        subscription = session.read("vCenter cannot be watched", this::subscribe);
        updates(subscription);
      } catch (RemoteException | RuntimeException e) {
        if (closed) {
          break;
        }
        refused = e instanceof DvxException told && told.kind() == Kind.UNAUTHENTICATED;
        if (!(e instanceof RemoteException) && !(e instanceof DvxException)) {
          LOG.error("the watch of vCenter fell over and begins anew", e);
        } else {
          LOG.warn("the watch of vCenter begins anew: {}", Faults.reason(e));
        }
      } finally {
        release(subscription);
      }
      if (System.nanoTime() - since > TimeUnit.MILLISECONDS.toNanos(LONGEST_PAUSE_MILLIS)) {
        pause = FIRST_PAUSE_MILLIS;
      }
      if (!rest(refused ? REFUSED_PAUSE_MILLIS : pause)) {
        break;
      }
      pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS);
    }
  }

  private boolean rest(long millis) {
    try {
      Thread.sleep(millis / 2 + ThreadLocalRandom.current().nextLong(millis / 2 + 1));
      return !closed;
    } catch (InterruptedException _) {
      // Only close interrupts this thread.
      return false;
    }
  }

  private Subscription subscribe(VimPortType port, ServiceContent content) throws RemoteException {
    session.requireAlive();
    learnTheLatest(content);
    ManagedObjectReference collector = port.createPropertyCollector(content.getPropertyCollector());
    ManagedObjectReference view =
        port.createContainerView(
            content.getViewManager(),
            content.getRootFolder(),
            new String[] {"VirtualMachine", "HostSystem"},
            true);
    List<ManagedObjectReference> filters = new ArrayList<>();
    filters.add(
        port.createFilter(
            collector,
            Properties.inView(view, "HostSystem", "name", "runtime.connectionState"),
            false));
    ManagedObjectReference events = events(port, content);
    if (events != null) {
      filters.add(port.createFilter(collector, Properties.of(events, "latestPage"), false));
    }
    filters.add(
        port.createFilter(
            collector,
            Properties.inView(view, "VirtualMachine", "name", "runtime.host", "runtime.powerState"),
            false));
    return new Subscription(collector, view, filters, events);
  }

  /**
   * Learns once where the past ends. A collector may show its page only after a while, and then
   * with what is long over.
   */
  private void learnTheLatest(ServiceContent content) {
    if (knowsThePast || content.getEventManager() == null) {
      return;
    }
    try {
      new Properties(session)
          .one("vCenter cannot show its latest event", content.getEventManager(), "latestEvent")
          .get("latestEvent", Event.class)
          .ifPresent(latest -> tracker.eventsUpTo(latest.getKey()));
    } catch (DvxException e) {
      if (e.kind().isTransient()) {
        throw e;
      }
      LOG.debug("the latest event: {}", Faults.reason(e));
    }
    knowsThePast = true;
  }

  /** Events are worth having; without them moves are told when they have happened. */
  private static @Nullable ManagedObjectReference events(VimPortType port, ServiceContent content)
      throws RemoteException {
    EventFilterSpec filter = new EventFilterSpec();
    filter.setEventTypeId(Notice.EVENT_TYPES.toArray(String[]::new));
    try {
      ManagedObjectReference events =
          port.createCollectorForEvents(content.getEventManager(), filter);
      if (events != null) {
        port.setCollectorPageSize(events, EVENT_PAGE);
      }
      return events;
    } catch (RemoteException e) {
      if (Faults.sessionLost(e) || Faults.passing(e)) {
        throw e;
      }
      LOG.warn("vCenter gives no events: {}", Faults.reason(e));
      return null;
    }
  }

  private void updates(Subscription subscription) throws RemoteException {
    VimPortType port = session.patient(Duration.ofSeconds(WAIT_SECONDS).plus(SLACK));
    String version = "";
    boolean whole = false;
    tracker.beginState();
    while (!closed) {
      WaitOptions options = new WaitOptions();
      options.setMaxWaitSeconds(tracker.waits() ? 1 : WAIT_SECONDS);
      options.setMaxObjectUpdates(MOST_UPDATES);
      long asked = System.nanoTime();
      UpdateSet updates = port.waitForUpdatesEx(subscription.collector(), version, options);
      if (updates == null) {
        tracker.settle();
        // vCenter may cut a wait short; whoever does not wait at all is not asked without pause.
        if (System.nanoTime() - asked < TimeUnit.MILLISECONDS.toNanos(FIRST_PAUSE_MILLIS)
            && !rest(2 * FIRST_PAUSE_MILLIS)) {
          return;
        }
        continue;
      }
      if (updates.getVersion() != null) {
        version = updates.getVersion();
      }
      apply(updates, subscription);
      if (!whole && !Boolean.TRUE.equals(updates.getTruncated())) {
        whole = true;
        tracker.endState();
        LOG.info("following vCenter's machines");
      }
      if (whole) {
        tracker.settle();
        synced.countDown();
      }
    }
  }

  private void apply(UpdateSet updates, Subscription subscription) {
    if (updates.getFilterSet() == null) {
      return;
    }
    List<ObjectUpdate> machines = new ArrayList<>();
    List<ObjectUpdate> pages = new ArrayList<>();
    for (PropertyFilterUpdate filter : updates.getFilterSet()) {
      if (filter.getObjectSet() == null) {
        continue;
      }
      for (ObjectUpdate update : filter.getObjectSet()) {
        String type = update.getObj().getType();
        if (type.equals("HostSystem")) {
          host(update);
        } else if (type.equals("VirtualMachine")) {
          machines.add(update);
        } else if (update.getObj().equals(subscription.events())) {
          pages.add(update);
        }
      }
    }
    // A machine must be known before an event of it means anything, and the events of a batch
    // explain its changes: the tracker tells nothing of either before it settles.
    machines.forEach(this::machine);
    pages.forEach(this::page);
  }

  private void host(ObjectUpdate update) {
    String name = null;
    String connection = "";
    for (PropertyChange change : changes(update)) {
      if (change.getVal() != null && change.getName().equals("name")) {
        name = change.getVal().toString();
      } else if (change.getVal() != null && change.getName().equals("runtime.connectionState")) {
        connection = change.getVal().toString();
      }
    }
    String id = update.getObj().getVal();
    tracker.host(id, name, connection.isEmpty() ? null : connection.equals("connected"));
    if (!connection.isEmpty()) {
      tracker.hostSilent(id, connection.equals("notResponding"));
    }
  }

  /** An "enter" is no news by itself: a simulator sends it again with every change. */
  private void machine(ObjectUpdate update) {
    String id = update.getObj().getVal();
    if (update.getKind() == ObjectUpdateKind.leave) {
      tracker.machineGone(id);
      return;
    }
    String name = null;
    String host = null;
    PowerState power = null;
    for (PropertyChange change : changes(update)) {
      Object value = change.getVal();
      if (value == null) {
        continue;
      }
      switch (change.getName()) {
        case "name" -> name = value.toString();
        case "runtime.host" -> {
          if (value instanceof ManagedObjectReference reference) {
            host = reference.getVal();
          }
        }
        case "runtime.powerState" -> power = VmReader.power(value.toString());
        default -> {
          // A simulator sends properties that were not asked for.
        }
      }
    }
    tracker.machine(id, name, host, power);
  }

  private void page(ObjectUpdate update) {
    for (PropertyChange change : changes(update)) {
      List<Event> events = new ArrayList<>();
      switch (change.getVal()) {
        case Event[] many -> events.addAll(List.of(many));
        case Event one -> events.add(one);
        case null, default -> {
          // An empty page.
        }
      }
      tracker.notices(
          events.stream().flatMap(each -> Notice.of(each).stream()).toList(),
          events.stream().map(Event::getKey).toList());
    }
  }

  private static PropertyChange[] changes(ObjectUpdate update) {
    return update.getChangeSet() == null ? new PropertyChange[0] : update.getChangeSet();
  }

  /**
   * Gives back what vCenter keeps for us; it is bounded there, and goes with the session at last.
   */
  private void release(@Nullable Subscription subscription) {
    if (subscription == null) {
      return;
    }
    boolean interrupted = Thread.interrupted();
    VimPortType port = session.patient(Duration.ofSeconds(3));
    List<Ending> endings = new ArrayList<>();
    // A wait that vCenter still holds for us would meet filters that are going.
    endings.add(() -> port.cancelWaitForUpdates(subscription.collector()));
    // One by one: a simulator falls over a collector that still has several filters.
    for (ManagedObjectReference filter : subscription.filters()) {
      endings.add(() -> port.destroyPropertyFilter(filter));
    }
    endings.add(() -> port.destroyPropertyCollector(subscription.collector()));
    endings.add(() -> port.destroyView(subscription.view()));
    ManagedObjectReference events = subscription.events();
    if (events != null) {
      endings.add(() -> port.destroyCollector(events));
    }
    for (Ending each : endings) {
      try {
        each.run();
      } catch (RemoteException e) {
        LOG.debug("ending a subscription: {}", Faults.reason(e));
        if (!(e instanceof SoapFault) || Faults.sessionLost(e)) {
          break;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
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
