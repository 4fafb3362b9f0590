package org.opendvx.server.service;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.server.api.HypervisorView;
import org.opendvx.server.service.EventLog.Severity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections to virtualisation managers: those of the configuration file, and those added
 * while the node runs. Each is followed for moves of machines. Thread-safe.
 */
public final class HypervisorRegistry implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HypervisorRegistry.class);
  private static final int MAX_CONNECTIONS = 100;
  private static final int MAX_PASSWORD = 1024;
  private static final int MAX_AUTHORITY = 64 << 10;

  private final HypervisorStore store;
  private final Map<String, HypervisorConnector> connectors;
  private final EventLog events;
  private final ReentrantLock changes = new ReentrantLock();
  private final Map<String, Managed> connections = new ConcurrentSkipListMap<>();
  private final List<Consumer<VmMobility>> listeners = new CopyOnWriteArrayList<>();
  private final ExecutorService background =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("hypervisor-", 1).factory());

  /** Where a connection was told of. */
  private enum Source {
    FILE,
    STORE
  }

  /**
   * A registry; nothing is connected before {@link #start}.
   *
   * @param connectors one for each kind
   */
  public HypervisorRegistry(
      HypervisorStore store, Collection<HypervisorConnector> connectors, EventLog events) {
    this.store = store;
    this.connectors = new ConcurrentSkipListMap<>();
    connectors.forEach(connector -> this.connectors.put(connector.kind(), connector));
    this.events = events;
  }

  /**
   * Takes up all connections, without waiting for any of them.
   *
   * @param configured those of the configuration file; they win over kept ones of the same name
   */
  public void start(List<HypervisorSettings> configured) {
    changes.lock();
    try {
      configured.forEach(settings -> take(open(settings, Source.FILE)));
      for (HypervisorSettings settings : store.load()) {
        if (connections.containsKey(settings.name())) {
          LOG.warn("the configuration file overrides the connection {}", settings.name());
        } else {
          take(open(settings, Source.STORE));
        }
      }
    } finally {
      changes.unlock();
    }
  }

  /**
   * Makes a connection, tries it, and keeps it.
   *
   * @param authority PEM of the authority that issued its certificate, empty for none
   * @throws DvxException EXISTS, INVALID, or why the manager cannot be used
   */
  public HypervisorView add(
      String name,
      String kind,
      String url,
      String user,
      String password,
      String fingerprint,
      String authority) {
    HypervisorSettings settings =
        HypervisorSettings.of(
            name,
            kind,
            url,
            user,
            store.passwordFile(name),
            fingerprint,
            authority.isEmpty() ? Path.of("") : store.authorityFile(name));
    if (authority.length() > MAX_AUTHORITY) {
      throw DvxException.of(Kind.INVALID, "The authority cannot be used")
          .cause("It has more than " + MAX_AUTHORITY + " characters")
          .remedy("Give a PEM file with its certificate")
          .build();
    }
    if (password.isEmpty()
        || password.length() > MAX_PASSWORD
        || password.chars().anyMatch(c -> c < ' ')) {
      throw DvxException.of(Kind.INVALID, "The password cannot be used")
          .cause("It is empty, longer than " + MAX_PASSWORD + " characters, or has line breaks")
          .remedy("Give the account's password")
          .build();
    }
    changes.lock();
    try {
      if (connections.containsKey(name)) {
        throw DvxException.of(Kind.EXISTS, "There is a connection of this name")
            .cause(name + " is connected to " + view(name).url())
            .remedy("Choose another name, or remove that one first")
            .build();
      }
      if (connections.size() >= MAX_CONNECTIONS) {
        throw DvxException.of(Kind.CONFLICT, "There are too many connections")
            .cause("At most " + MAX_CONNECTIONS + " can exist")
            .remedy("Remove one first")
            .build();
      }
      store.savePassword(name, password);
      if (!authority.isEmpty()) {
        store.saveAuthority(name, authority);
      }
      Managed managed = null;
      try {
        managed = open(settings, Source.STORE);
        String about = managed.connection.about();
        List<HypervisorSettings> kept = new ArrayList<>(storedSettings());
        kept.add(settings);
        store.save(kept);
        events.add(Severity.INFO, "hypervisor.added", name, "connected to " + about);
      } catch (RuntimeException e) {
        if (managed != null) {
          managed.close();
        }
        store.deletePassword(name);
        throw e;
      }
      managed.ok();
      take(managed);
      return managed.view();
    } finally {
      changes.unlock();
    }
  }

  /**
   * Ends and forgets a connection; nothing in the virtualisation manager changes.
   *
   * @throws DvxException NOT_FOUND; CONFLICT for one of the configuration file
   */
  public void remove(String name) {
    changes.lock();
    try {
      Managed managed = managed(name);
      if (managed.source == Source.FILE) {
        throw DvxException.of(Kind.CONFLICT, "The connection stands in the configuration file")
            .cause("It would be there again after a restart")
            .remedy("Take it out of the file and restart the node")
            .detail("connection", name)
            .build();
      }
      store.save(storedSettings().stream().filter(one -> !one.name().equals(name)).toList());
      connections.remove(name);
      managed.close();
      store.deletePassword(name);
      events.add(Severity.INFO, "hypervisor.removed", name, "the connection was removed");
    } finally {
      changes.unlock();
    }
  }

  /** All connections, by name. */
  public List<HypervisorView> list() {
    return connections.values().stream().map(Managed::view).toList();
  }

  /** One connection. */
  public HypervisorView view(String name) {
    return managed(name).view();
  }

  /** The names of all connections. */
  public List<String> names() {
    return List.copyOf(connections.keySet());
  }

  /**
   * The manager behind a name, for services that hold on to names only.
   *
   * @throws DvxException NOT_FOUND
   */
  public Hypervisor hypervisor(String name) {
    return managed(name).connection.hypervisor();
  }

  /** Asks a manager for something, and notes whether it answered. */
  public <T> T use(String name, Function<Hypervisor, T> question) {
    Managed managed = managed(name);
    return managed.noting(() -> question.apply(managed.connection.hypervisor()));
  }

  /** Asks a connection for what the port does not offer, and notes whether it answered. */
  public <T> T ask(String name, Function<HypervisorConnector.Connection, T> question) {
    Managed managed = managed(name);
    return managed.noting(() -> question.apply(managed.connection));
  }

  /** Makes the least-privilege role. */
  public List<String> createRole(String name, String role) {
    Managed managed = managed(name);
    return managed.noting(() -> managed.connection.createRole(role));
  }

  /** Closes all connections. */
  @Override
  public void close() {
    connections.values().forEach(Managed::close);
    connections.clear();
    background.shutdownNow();
    try {
      if (!background.awaitTermination(2, TimeUnit.SECONDS)) {
        LOG.warn("a connection to a hypervisor does not close");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private List<HypervisorSettings> storedSettings() {
    return connections.values().stream()
        .filter(managed -> managed.source == Source.STORE)
        .map(managed -> managed.settings)
        .toList();
  }

  private Managed managed(String name) {
    Managed managed = connections.get(name);
    if (managed == null) {
      throw DvxException.of(Kind.NOT_FOUND, "There is no such connection")
          .cause("No virtualisation manager is connected as " + name)
          .remedy("dvx vcenter list shows the connections, dvx vcenter add makes one")
          .build();
    }
    return managed;
  }

  private Managed open(HypervisorSettings settings, Source source) {
    HypervisorConnector connector = connectors.get(settings.kind());
    if (connector == null) {
      throw DvxException.of(Kind.INVALID, "There is no such kind of virtualisation manager")
          .cause(settings.kind() + " is unknown")
          .remedy("Use one of " + String.join(", ", connectors.keySet()))
          .build();
    }
    return new Managed(settings, source, connector.connect(settings));
  }

  private void take(Managed managed) {
    connections.put(managed.settings.name(), managed);
    background.execute(managed::follow);
  }

  /** Tells of moves of machines from now on; called on threads of the connections. */
  public void onMobility(Consumer<VmMobility> listener) {
    listeners.add(listener);
  }

  private void tell(VmMobility event) {
    listeners.forEach(listener -> listener.accept(event));
    boolean bad =
        event instanceof VmMobility.RestartedElsewhere || event instanceof VmMobility.HostLost;
    Severity severity = bad ? Severity.WARNING : Severity.INFO;
    events.add(event.time(), severity, Mobility.kind(event), event.name(), Mobility.text(event));
  }

  /** A connection and what is known of it. */
  private final class Managed {
    private final HypervisorSettings settings;
    private final Source source;
    private final HypervisorConnector.Connection connection;
    private @Nullable AutoCloseable watch;
    private boolean closed;
    private volatile String state = "CONNECTING";
    private volatile String problem = "";

    Managed(HypervisorSettings settings, Source source, HypervisorConnector.Connection connection) {
      this.settings = settings;
      this.source = source;
      this.connection = connection;
    }

    <T> T noting(Supplier<T> question) {
      try {
        T answer = question.get();
        ok();
        return answer;
      } catch (DvxException e) {
        if (e.kind() == Kind.UNAVAILABLE
            || e.kind() == Kind.TIMEOUT
            || e.kind() == Kind.UNAUTHENTICATED) {
          state = "FAILED";
          problem = String.valueOf(e.getMessage());
        }
        throw e;
      }
    }

    void ok() {
      state = "CONNECTED";
      problem = "";
    }

    /** Logs in for the first time and follows the machines from then on. */
    void follow() {
      try {
        noting(connection::about);
      } catch (DvxException e) {
        events.add(
            Severity.WARNING, "hypervisor.failed", settings.name(), String.valueOf(e.getMessage()));
      }
      try {
        keep(connection.hypervisor().watch(HypervisorRegistry.this::tell));
      } catch (DvxException e) {
        events.add(
            Severity.WARNING, "hypervisor.failed", settings.name(), String.valueOf(e.getMessage()));
      }
    }

    /** Starting a watch takes a while: the connection may have been closed meanwhile. */
    private void keep(AutoCloseable started) {
      boolean late;
      synchronized (this) {
        late = closed;
        watch = late ? null : started;
      }
      if (late) {
        close(started);
      }
    }

    HypervisorView view() {
      return new HypervisorView(
          settings.name(),
          settings.kind(),
          settings.url().toString(),
          settings.user(),
          settings.certificateSha256(),
          source == Source.FILE ? "file" : "store",
          state,
          problem);
    }

    void close() {
      AutoCloseable started;
      synchronized (this) {
        closed = true;
        started = watch;
        watch = null;
      }
      if (started != null) {
        close(started);
      }
      connection.hypervisor().close();
    }

    private void close(AutoCloseable started) {
      try {
        started.close();
      } catch (Exception e) {
        LOG.warn("the watch of {} does not close", settings.name(), e);
      }
    }
  }
}
