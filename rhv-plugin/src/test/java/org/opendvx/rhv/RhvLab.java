package org.opendvx.rhv;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.opendvx.core.vm.Hypervisor.DatastoreMount;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.session.EngineCredentials;
import org.opendvx.rhv.sim.SimEngine;
import org.opendvx.rhv.sim.SimLab;

/** A simulated engine with two hosts, and connections to it. */
public final class RhvLab implements AutoCloseable {
  /** The name of the connection. */
  public static final String NAME = "engine1";

  /** The name of the domain. */
  public static final String DOMAIN = "dvx";

  /** Time for what takes a while on a loaded machine. */
  public static final Duration LONG = Duration.ofSeconds(60);

  private final SimEngine engine;
  private final String folder;
  private final DomainStore store;
  private final TlsTrust trust;
  private final List<Rhv> opened = new ArrayList<>();

  /** Over a store, with the domain in a folder of it. */
  public RhvLab(DomainStore store, String folder) {
    this.folder = folder;
    this.store = store;
    store.folders(folder);
    engine = new SimEngine(store, folder);
    trust = new TlsTrust.Pinned(engine.ca().fingerprint());
    engine.lab().host("host1", "192.0.2.1");
    engine.lab().host("host2", "192.0.2.2");
  }

  /** The engine. */
  public SimEngine engine() {
    return engine;
  }

  /** What is done to it. */
  public SimLab sim() {
    return engine.lab();
  }

  /** A connection of the administrator with a patient time limit. */
  public Rhv connect() {
    return connect("admin@internal", "secret", Duration.ofSeconds(30));
  }

  /** A connection. */
  public Rhv connect(String user, String password, Duration limit) {
    Rhv rhv =
        new Rhv(
            new RhvConfig(
                NAME,
                engine.url(),
                new EngineCredentials(user, () -> password),
                trust,
                DOMAIN,
                folder,
                "",
                limit),
            store.datastore());
    opened.add(rhv);
    return rhv;
  }

  /** The CA file is written there. */
  public Path ca(Path into) {
    return engine.ca().writePem(into);
  }

  /** What hosts mount. */
  public DatastoreMount mount() {
    return new DatastoreMount(DOMAIN, "dvx.local", "/rhv", _ -> "", "");
  }

  /** Registers the domain; its id. */
  public String registered() {
    connect().registerDatastore(mount(), List.of());
    String id = sim().domain(DOMAIN);
    if (id == null) {
      throw new AssertionError("the domain is not there");
    }
    return id;
  }

  /** A reference. */
  public static VmRef ref(String id) {
    return new VmRef(NAME, id);
  }

  @Override
  public void close() {
    opened.forEach(Rhv::close);
    engine.close();
  }
}
