package org.opendvx.rhv;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.ConvertsMachines;
import org.opendvx.core.vm.FrozenFiles;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.core.vm.MachinePlan;
import org.opendvx.core.vm.MakesMachines;
import org.opendvx.core.vm.PowerOff;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.VmClone;
import org.opendvx.core.vm.VmConvert;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;
import org.opendvx.rhv.inventory.Catalog;
import org.opendvx.rhv.inventory.DomainImport;
import org.opendvx.rhv.inventory.DomainRegistrar;
import org.opendvx.rhv.inventory.PowerEvents;
import org.opendvx.rhv.inventory.RoleMaker;
import org.opendvx.rhv.inventory.VmControl;
import org.opendvx.rhv.inventory.VmReader;
import org.opendvx.rhv.restore.Conversion;
import org.opendvx.rhv.restore.LeaseWatch;
import org.opendvx.rhv.restore.NewMachine;
import org.opendvx.rhv.restore.TemplateLayers;
import org.opendvx.rhv.session.EngineSession;
import org.opendvx.rhv.watch.VmWatch;
import org.ovirt.engine.sdk4.types.Api;

/**
 * An oVirt, RHV or OLVM engine as DVX needs it. It connects when it is first used, so that a node
 * starts while the engine is down. Tried against simulated engines only, never against hosts with a
 * real vdsm.
 *
 * <p>Machines have no configuration file on the datastore: what the engine knows of them is kept
 * with the restore point. A machine of a restore point is therefore made by {@code
 * restore.NewMachine}, not by {@link #register}.
 */
public final class Rhv implements Hypervisor, MakesMachines, ConvertsMachines {
  private static final Duration FIRST_STATE = Duration.ofSeconds(10);

  /** sanlock renews a host's lease every twenty seconds. */
  private static final Duration LEASE_OBSERVATION = Duration.ofSeconds(30);

  private static final Duration REGISTER_LIMIT = Duration.ofMinutes(5);

  private final RhvConfig config;
  private final @Nullable TemplateLayers layers;
  private final EngineSession session;
  private final Catalog catalog;
  private final VmReader reader;
  private final PowerEvents powerEvents;
  private final VmControl control;
  private final DomainRegistrar registrar;
  private final DomainImport importer;
  private final RoleMaker roles;
  private final Set<VmWatch> watches = ConcurrentHashMap.newKeySet();

  /** A connection; nothing is sent yet. */
  public Rhv(RhvConfig config) {
    this(config, null);
  }

  /**
   * A connection that follows disks into their templates.
   *
   * @param datastore the one under the domain; null for a connection that looks at no files
   */
  public Rhv(RhvConfig config, @Nullable Datastore datastore) {
    this.config = config;
    this.layers = datastore == null ? null : new TemplateLayers(datastore);
    this.session =
        new EngineSession(config.url(), config.credentials(), config.trust(), config.callLimit());
    this.catalog = new Catalog(session, config.domain(), config.dataCenter());
    this.reader = new VmReader(config.name(), config.folder(), catalog, session);
    this.powerEvents = new PowerEvents(session);
    this.control = new VmControl(session);
    this.registrar = new DomainRegistrar(session, catalog, REGISTER_LIMIT);
    this.importer = new DomainImport(session, catalog, registrar, config.folder());
    this.roles = new RoleMaker(session);
  }

  @Override
  public String name() {
    return config.name();
  }

  /** The session, for services of this adapter that the port does not offer. */
  public EngineSession session() {
    return session;
  }

  /** The engine's small lists. */
  public Catalog catalog() {
    return catalog;
  }

  /** The folder of the datastore that holds the domain, empty for the root. */
  public String folder() {
    return config.folder();
  }

  /** What answers at the address, in words: product and version. Logs in if need be. */
  public String about() {
    Api api = session.read("The engine does not answer", system -> system.get().send().api());
    if (!api.productInfoPresent()) {
      return "an engine";
    }
    var product = api.productInfo();
    String version =
        product.versionPresent() && product.version().fullVersionPresent()
            ? " " + product.version().fullVersion()
            : "";
    return product.name() + version;
  }

  @Override
  public List<VmSummary> vms() {
    return reader.summaries();
  }

  @Override
  public VmDescription describe(VmRef vm) {
    VmDescription found = reader.describe(vm);
    return layers == null ? found : layers.complete(found);
  }

  @Override
  public Optional<PowerOff> lastPowerOff(VmRef vm) {
    return powerEvents.last(vm);
  }

  @Override
  public void powerOn(VmRef vm, Duration limit) {
    control.powerOn(vm, limit);
  }

  @Override
  public void powerOff(VmRef vm, Duration limit) {
    control.powerOff(vm, limit);
  }

  /** Nothing to read again: the configuration is the engine's, and qemu opens disks at power-on. */
  @Override
  public void reload(VmRef vm) {
    control.requireKnown(vm);
  }

  @Override
  public VmRef register(String configuration, String name, VmRef likeVm, Duration limit) {
    throw DvxException.of(Kind.UNSUPPORTED, "A machine cannot be registered by a file here")
        .cause("An engine keeps its machines in its database and in the domain's OVF store")
        .remedy("Clone a restore point, or import the domain: dvx rhv import")
        .detail("configuration", configuration)
        .build();
  }

  @Override
  public VmClone.Cloned make(Datastore datastore, VmDescription saved, VmClone.Request request) {
    return new NewMachine(this, datastore).make(saved, request);
  }

  @Override
  public String machineKind() {
    return "rhv";
  }

  @Override
  public MachinePlan plan(Datastore datastore, VmDescription saved, RestorePoint point) {
    return Conversion.plan(saved, new FrozenFiles(datastore, point));
  }

  @Override
  public VmClone.Cloned adopt(Datastore datastore, MachinePlan plan, VmConvert.Request request) {
    return new Conversion(this).adopt(datastore, plan, request);
  }

  @Override
  public void requireUnused(Datastore datastore, VmDescription vm) {
    new LeaseWatch(datastore, LEASE_OBSERVATION).requireReleased(vm);
  }

  @Override
  public void unregister(VmRef vm) {
    control.unregister(vm);
  }

  @Override
  public Map<String, byte[]> rewriteForClone(
      Map<String, byte[]> files, Map<String, String> names, String newName) {
    return Map.of();
  }

  @Override
  public Map<String, byte[]> rewriteForRestore(Map<String, byte[]> files) {
    return Map.of();
  }

  @Override
  public boolean describesMachine(String path) {
    return false;
  }

  @Override
  public List<HostResult> registerDatastore(DatastoreMount mount, List<String> hosts) {
    return registrar.register(mount, hosts);
  }

  /** Takes the domain out of the data center: of all its hosts, whatever hosts are named. */
  @Override
  public List<HostResult> unregisterDatastore(String datastore, List<String> hosts) {
    if (!hosts.isEmpty()) {
      throw DvxException.of(Kind.INVALID, "The domain cannot be taken from single hosts")
          .cause("In oVirt a storage domain belongs to all hosts of its data center")
          .remedy("Name no host to take it out of the data center")
          .build();
    }
    return registrar.unregister();
  }

  @Override
  public List<HostState> hosts(String datastore) {
    return registrar.states();
  }

  /** Takes up the domain that is on the datastore, and its machines, after a disaster. */
  public DomainImport.Imported importDatastore(Datastore datastore, DatastoreMount mount) {
    return importer.run(datastore, mount);
  }

  /** Makes or updates the role with the least permits that DVX's account needs. */
  public List<String> createRole(String role) {
    return roles.make(role);
  }

  @Override
  public AutoCloseable watch(Consumer<VmMobility> listener) {
    VmWatch watch = new VmWatch(config.name(), session, listener);
    watches.add(watch);
    watch.awaitSynced(FIRST_STATE);
    return () -> {
      watches.remove(watch);
      watch.close();
    };
  }

  @Override
  public void close() {
    watches.forEach(VmWatch::close);
    watches.clear();
    session.close();
  }
}
