package org.opendvx.server.node;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.opendvx.core.cluster.ClusterHost;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.pool.local.DriveCare;
import org.opendvx.core.prefetch.Prefetch;
import org.opendvx.core.prefetch.PrefetchSettings;
import org.opendvx.core.vm.VmFiles;
import org.opendvx.core.vm.VmFollower;
import org.opendvx.server.api.NodeAccess;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.config.HypervisorSection;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.metrics.HostMetrics;
import org.opendvx.server.metrics.KeyMetrics;
import org.opendvx.server.metrics.NodeMetrics;
import org.opendvx.server.metrics.PeerMetrics;
import org.opendvx.server.rest.ActivityResource;
import org.opendvx.server.rest.AgentsResource;
import org.opendvx.server.rest.CleanerResource;
import org.opendvx.server.rest.DrivesResource;
import org.opendvx.server.rest.HostsResource;
import org.opendvx.server.rest.HypervisorsResource;
import org.opendvx.server.rest.KeysResource;
import org.opendvx.server.rest.NodeResource;
import org.opendvx.server.rest.PoliciesResource;
import org.opendvx.server.rest.PrefetchResource;
import org.opendvx.server.rest.PublicResource;
import org.opendvx.server.rest.RestServer;
import org.opendvx.server.rest.SnapshotsResource;
import org.opendvx.server.rest.TokensResource;
import org.opendvx.server.rest.VerifyResource;
import org.opendvx.server.rest.VmsResource;
import org.opendvx.server.service.Agents;
import org.opendvx.server.service.Cleaning;
import org.opendvx.server.service.DatastoreMounts;
import org.opendvx.server.service.DriveService;
import org.opendvx.server.service.EventLog;
import org.opendvx.server.service.HypervisorRegistry;
import org.opendvx.server.service.HypervisorSettings;
import org.opendvx.server.service.HypervisorStore;
import org.opendvx.server.service.Keys;
import org.opendvx.server.service.MachineProtection;
import org.opendvx.server.service.MachinesHere;
import org.opendvx.server.service.NfsFront;
import org.opendvx.server.service.NodeFacts;
import org.opendvx.server.service.Placement;
import org.opendvx.server.service.PoolWatch;
import org.opendvx.server.service.Prefetching;
import org.opendvx.server.service.SnapshotPolicies;
import org.opendvx.server.service.SnapshotService;
import org.opendvx.server.service.TaskRegistry;
import org.opendvx.server.service.Verification;
import org.opendvx.server.service.VmDirectory;

/** A running node: the composition root. */
public final class DvxNode implements AutoCloseable {
  private static final Duration LOOK_AT_POOL = Duration.ofSeconds(1);
  private static final Duration ASK_FOR_MACHINES = Duration.ofSeconds(1);

  private final Stack opened;
  private final NodeFile file;
  private final NodeFacts facts;
  private final AtomicBoolean closed = new AtomicBoolean();

  private DvxNode(Stack opened, NodeFile file, NodeFacts facts) {
    this.opened = opened;
    this.file = file;
    this.facts = facts;
  }

  /**
   * Starts a node: it serves when this returns. When it fails, nothing stays open.
   *
   * @param version of the program
   */
  public static DvxNode start(NodeConfig config, Parts parts, String version, Clock clock) {
    Stack opened = new Stack();
    try {
      return start(config, parts, version, clock, opened);
    } catch (RuntimeException | Error e) {
      opened.close();
      throw e;
    }
  }

  /** How it is reached. */
  public NodeFile file() {
    return file;
  }

  /** How it fares. */
  public NodeFacts facts() {
    return facts;
  }

  /** Stops in order: no new requests, then the store with all that was acknowledged. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      opened.close();
    }
  }

  private static DvxNode start(
      NodeConfig config, Parts parts, String version, Clock clock, Stack opened) {
    Instant started = clock.instant();
    DataFolder folder = opened.push("data folder", DataFolder.open(config.node().data()));
    RestFront front = RestFront.open(config.rest(), folder, clock);
    Store store = opened.push("store", parts.store().open(config, folder));
    folder.claim();
    NodeMetrics metrics =
        opened.push("metrics", new NodeMetrics(version, store.pool(), store.datastore()));
    metrics.measure(store.flash());
    if (store.cleaning().isPresent()) {
      metrics.cleaner(() -> store.cleaning().orElseThrow());
    }
    if (store.sealing().isPresent()) {
      KeyMetrics.measure(metrics.registry(), () -> store.sealing().orElseThrow());
    }
    SharedHost shared = store.shared();
    if (shared != null) {
      HostMetrics.measure(metrics.registry(), shared.host());
      PeerMetrics.measure(metrics.registry(), shared.tier());
    }
    DriveCare care = store.care();
    if (care != null) {
      metrics.drives(care::status);
    }
    NfsFront nfs = opened.push("NFS", parts.nfs().start(config, store, metrics.registry()));

    EventLog events = new EventLog(clock);
    front.warnOfExpiry(events, started);
    opened.push("pool watch", new PoolWatch(store.pool(), events).start(LOOK_AT_POOL));
    String datastoreName = config.node().datastore();
    HypervisorRegistry hypervisors =
        opened.push(
            "hypervisors",
            new HypervisorRegistry(
                new HypervisorStore(folder.hypervisors(), folder.secrets()),
                parts
                    .connectors()
                    .make(
                        new Parts.Surroundings(
                            datastoreName, store.datastore(), config, folder.root(), events)),
                events));
    VmDirectory machines = new VmDirectory(hypervisors);
    Prefetching.Here here = null;
    if (shared != null) {
      follow(config, shared, hypervisors, machines, opened);
      here = fetchAhead(config, shared, hypervisors, metrics, opened);
    }
    Placement placement =
        new Placement(
            config.node().name(),
            shared == null
                ? null
                : new Placement.Others(shared.host(), shared.book(), shared.door()),
            store.datastore(),
            hypervisors,
            machines);
    hypervisors.start(config.hypervisors().stream().map(DvxNode::settings).toList());
    Agents agents =
        opened.push(
            "agents", parts.agents().start(config, folder, hypervisors, metrics.registry()));
    MachineProtection protection =
        opened.push("protection", parts.protection().make(store.datastore(), hypervisors, agents));
    TaskRegistry tasks = opened.push("tasks", new TaskRegistry(clock));
    NodeFacts facts =
        new NodeFacts(
            new NodeFacts.Identity(config.node().name(), datastoreName, version, started),
            store.pool(),
            store.datastore(),
            nfs,
            hypervisors,
            tasks,
            store::warnings,
            store::cleaning,
            clock);
    DriveService drives =
        new DriveService(
            store.pool(),
            () -> NodeFacts.reduction(store.datastore().space()),
            care,
            folder.driveFolders(config.drives()),
            events);
    SnapshotService snapshots = new SnapshotService(store.datastore(), protection, events, clock);
    SnapshotPolicies policies = new SnapshotPolicies(folder.policies());
    RestServer rest =
        opened.push(
            "REST",
            front.start(
                metrics.registry(),
                List.of(
                    new NodeResource(facts),
                    new CleanerResource(new Cleaning(store::cleaning, store::clean), tasks),
                    new KeysResource(
                        new Keys(store::sealing, store::cleaning, store::renewDataKey, events)),
                    new DrivesResource(drives),
                    new VerifyResource(new Verification(store.reclaim(), care), tasks),
                    new PublicResource(facts::health, metrics::scrape),
                    new HypervisorsResource(
                        hypervisors,
                        new DatastoreMounts(hypervisors, nfs, datastoreName, events),
                        tasks),
                    new VmsResource(machines),
                    new HostsResource(placement, events),
                    new PrefetchResource(new Prefetching(here, placement)),
                    new SnapshotsResource(snapshots, machines, policies, tasks),
                    new PoliciesResource(policies, machines, events),
                    new ActivityResource(tasks, events),
                    new AgentsResource(agents, machines, events),
                    new TokensResource(front.tokens(), events))));
    NodeFile file = nodeFile(config, nfs, front.access(rest));
    front.announce(file);
    events.add(EventLog.Severity.INFO, "node.started", config.node().name(), "the node serves");
    return new DvxNode(opened, file, facts);
  }

  /** Files of machines that come to the hypervisor host beside this node come to this node. */
  private static void follow(
      NodeConfig config,
      SharedHost shared,
      HypervisorRegistry hypervisors,
      VmDirectory machines,
      Stack opened) {
    Set<String> names = Set.copyOf(config.host().hypervisors());
    ClusterHost host = shared.host();
    VmFollower follower =
        new VmFollower(
            names,
            vm -> hypervisors.hypervisor(vm.hypervisor()),
            host.datastore(),
            host::moveHere,
            new VmFollower.Confirmation() {
              @Override
              public long moment() {
                return host.bar().closings();
              }

              @Override
              public void confirm(Collection<Long> files, long moment) {
                host.bar().confirm(files, moment);
              }
            },
            task -> Thread.ofVirtual().name("follower").start(task));
    hypervisors.onMobility(follower);
    MachinesHere here =
        new MachinesHere(names, hypervisors, machines, host.datastore(), host.bar())
            .start(ASK_FOR_MACHINES);
    opened.push("machines here", here);
  }

  /** Hot chunks of machines that come to the hypervisor host beside this node come to its flash. */
  private static Prefetching.Here fetchAhead(
      NodeConfig config,
      SharedHost shared,
      HypervisorRegistry hypervisors,
      NodeMetrics metrics,
      Stack opened) {
    long rate = config.flash().prefetchRate().bytes();
    if (rate == 0) {
      return new Prefetching.Here(shared.host(), shared.tier(), null);
    }
    VmFiles files = new VmFiles(shared.host().datastore());
    Prefetch prefetch =
        opened.push(
            "prefetch",
            new Prefetch(
                Set.copyOf(config.host().hypervisors()),
                shared.tier(),
                shared.host()::chunks,
                vm ->
                    files.of(hypervisors.hypervisor(vm.hypervisor()).describe(vm)).values().stream()
                        .map(FileKey::file)
                        .toList(),
                PrefetchSettings.DEFAULT.withRate(rate)));
    hypervisors.onMobility(prefetch);
    PeerMetrics.measure(metrics.registry(), prefetch);
    return new Prefetching.Here(shared.host(), shared.tier(), prefetch);
  }

  private static HypervisorSettings settings(HypervisorSection section) {
    return HypervisorSettings.of(
        section.name(),
        section.kind(),
        section.url(),
        section.user(),
        section.passwordFile(),
        section.certificateSha256(),
        section.caFile());
  }

  private static NodeFile nodeFile(NodeConfig config, NfsFront nfs, NodeAccess access) {
    return new NodeFile(
        access.pid(),
        config.node().name(),
        config.node().datastore(),
        RestFront.reachable(nfs.address()),
        nfs.exports().getFirst().path(),
        nfs.port(),
        nfs.mountPort(),
        access.rest(),
        access.certificateSha256(),
        access.certificateFile(),
        access.tokenFile(),
        access.dataFolder());
  }
}
