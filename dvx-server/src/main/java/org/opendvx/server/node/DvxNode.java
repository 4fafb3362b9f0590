package org.opendvx.server.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.opendvx.core.pool.local.DriveCare;
import org.opendvx.server.api.Json;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.config.HypervisorSection;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.config.RestSection;
import org.opendvx.server.metrics.NodeMetrics;
import org.opendvx.server.rest.ActivityResource;
import org.opendvx.server.rest.AgentsResource;
import org.opendvx.server.rest.DrivesResource;
import org.opendvx.server.rest.HypervisorsResource;
import org.opendvx.server.rest.NodeResource;
import org.opendvx.server.rest.PoliciesResource;
import org.opendvx.server.rest.PublicResource;
import org.opendvx.server.rest.RestServer;
import org.opendvx.server.rest.SnapshotsResource;
import org.opendvx.server.rest.TokensResource;
import org.opendvx.server.rest.VerifyResource;
import org.opendvx.server.rest.VmsResource;
import org.opendvx.server.security.PrivateFiles;
import org.opendvx.server.security.TlsIdentity;
import org.opendvx.server.security.TokenStore;
import org.opendvx.server.service.Agents;
import org.opendvx.server.service.DatastoreMounts;
import org.opendvx.server.service.DriveService;
import org.opendvx.server.service.EventLog;
import org.opendvx.server.service.HypervisorRegistry;
import org.opendvx.server.service.HypervisorSettings;
import org.opendvx.server.service.HypervisorStore;
import org.opendvx.server.service.MachineProtection;
import org.opendvx.server.service.NfsFront;
import org.opendvx.server.service.NodeFacts;
import org.opendvx.server.service.PoolWatch;
import org.opendvx.server.service.SnapshotPolicies;
import org.opendvx.server.service.SnapshotService;
import org.opendvx.server.service.TaskRegistry;
import org.opendvx.server.service.Verification;
import org.opendvx.server.service.VmDirectory;

/** A running node: the composition root. */
public final class DvxNode implements AutoCloseable {
  private static final Duration LOOK_AT_POOL = Duration.ofSeconds(1);
  private static final Duration EXPIRES_SOON = Duration.ofDays(30);

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
    TokenStore tokens = TokenStore.open(folder.tokens(), folder.firstToken(), clock);
    TlsIdentity tls = identity(config.rest(), folder);
    Store store = opened.push("store", parts.store().open(config, folder));
    folder.claim();
    NodeMetrics metrics =
        opened.push("metrics", new NodeMetrics(version, store.pool(), store.datastore()));
    metrics.measure(store.flash());
    if (store.cleaning().isPresent()) {
      metrics.cleaner(() -> store.cleaning().orElseThrow());
    }
    DriveCare care = store.care();
    if (care != null) {
      metrics.drives(care::status);
    }
    NfsFront nfs = opened.push("NFS", parts.nfs().start(config, store, metrics.registry()));

    EventLog events = new EventLog(clock);
    warnOfExpiry(tls, events, started);
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
    hypervisors.start(config.hypervisors().stream().map(DvxNode::settings).toList());
    Agents agents =
        opened.push(
            "agents", parts.agents().start(config, folder, hypervisors, metrics.registry()));
    MachineProtection protection = parts.protection().make(store.datastore(), hypervisors, agents);
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
            store.pool(), store.datastore(), care, folder.driveFolders(config.drives()), events);
    SnapshotService snapshots = new SnapshotService(store.datastore(), protection, events, clock);
    VmDirectory machines = new VmDirectory(hypervisors);
    SnapshotPolicies policies = new SnapshotPolicies(folder.policies());
    RestServer rest =
        opened.push(
            "REST",
            RestServer.start(
                new RestServer.Settings(
                    config.rest().listen(),
                    config.rest().port(),
                    config.rest().maxBody().bytes(),
                    config.rest().idle(),
                    config.rest().maxConnections()),
                tls.context(),
                tokens,
                metrics.registry(),
                List.of(
                    new NodeResource(facts),
                    new DrivesResource(drives),
                    new VerifyResource(new Verification(store.reclaim(), care), tasks),
                    new PublicResource(facts, metrics::scrape),
                    new HypervisorsResource(
                        hypervisors,
                        new DatastoreMounts(hypervisors, nfs, datastoreName, events),
                        tasks),
                    new VmsResource(machines),
                    new SnapshotsResource(snapshots, machines, policies, tasks),
                    new PoliciesResource(policies, machines, events),
                    new ActivityResource(tasks, events),
                    new AgentsResource(agents, machines, events),
                    new TokensResource(tokens, events))));
    NodeFile file = nodeFile(config, folder, tls, nfs, rest);
    PrivateFiles.write(folder.nodeFile(), json(file));
    events.add(EventLog.Severity.INFO, "node.started", config.node().name(), "the node serves");
    return new DvxNode(opened, file, facts);
  }

  /** The file as JSON, readable by people too. */
  public static byte[] json(NodeFile file) {
    try {
      return Json.lenient().writerWithDefaultPrettyPrinter().writeValueAsBytes(file);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of texts and numbers can be written", e);
    }
  }

  private static TlsIdentity identity(RestSection rest, DataFolder folder) {
    if (!rest.generatesCertificate()) {
      return TlsIdentity.load(rest.certificate(), rest.privateKey());
    }
    PrivateFiles.createFolder(folder.root().resolve("tls"));
    return TlsIdentity.openOrGenerate(folder.certificate(), folder.privateKey(), rest.names());
  }

  private static void warnOfExpiry(TlsIdentity tls, EventLog events, Instant now) {
    Instant end = tls.chain().getFirst().getNotAfter().toInstant();
    if (now.plus(EXPIRES_SOON).isAfter(end)) {
      events.add(
          EventLog.Severity.WARNING,
          "certificate.expires",
          "REST",
          "the certificate of the REST server expires at " + end);
    }
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

  private static NodeFile nodeFile(
      NodeConfig config, DataFolder folder, TlsIdentity tls, NfsFront nfs, RestServer rest) {
    return new NodeFile(
        ProcessHandle.current().pid(),
        config.node().name(),
        config.node().datastore(),
        reachable(nfs.address()),
        nfs.exports().getFirst().path(),
        nfs.port(),
        nfs.mountPort(),
        restAddress(config.rest().listen(), rest.port()),
        tls.fingerprint(),
        (config.rest().generatesCertificate() ? folder.certificate() : config.rest().certificate())
            .toAbsolutePath()
            .toString(),
        folder.firstToken().toString(),
        folder.root().toString());
  }

  private static String restAddress(String listen, int port) {
    try {
      return new URI("https", null, reachable(listen), port, null, null, null).toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("an address on which we listen has a URL", e);
    }
  }

  /** An address under which this machine reaches a listener of its own. */
  private static String reachable(String listen) {
    return switch (listen) {
      case "0.0.0.0" -> "127.0.0.1";
      case "::" -> "::1";
      default -> listen;
    };
  }
}
