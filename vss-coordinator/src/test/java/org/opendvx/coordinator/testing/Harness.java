package org.opendvx.coordinator.testing;

import com.fasterxml.jackson.databind.JsonNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opendvx.coordinator.audit.AuditLog;
import org.opendvx.coordinator.session.Coordinator;
import org.opendvx.coordinator.session.Settings;
import org.opendvx.coordinator.session.Ticker;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.vm.AuditTrail;
import org.opendvx.core.vm.CutBarrier;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.StageLimits;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSnapshots;

/**
 * A real coordinator on a port of the kernel's choice, a real datastore, and an inventory that the
 * test makes up: mint a token, start any agent with it, wait for the agent, take snapshots.
 */
public final class Harness implements GuestNode, AutoCloseable {
  private final FakeInventory inventory = new FakeInventory();
  private final TestSnapshots store;
  private final boolean ownsStore;
  private final AuditLog audit;
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final Coordinator coordinator;
  private final VmSnapshots snapshots;

  /** What a test may replace. */
  public record Parts(
      Settings settings,
      StageLimits limits,
      AuditWrapper audit,
      BarrierWrapper barrier,
      Clock clock) {
    /** Nothing replaced; guests are ready at once. */
    public static Parts usual() {
      return new Parts(
          settings(Duration.ofSeconds(10), Duration.ofSeconds(30)),
          StageLimits.USUAL,
          log -> log,
          barrier -> barrier,
          Clock.systemUTC());
    }

    /** With these limits for what comes after the cut. */
    public static Settings settings(Duration thaw, Duration report) {
      Settings usual = Settings.usual();
      // Scripted agents send no heartbeats: three that are missing must not end a slow test.
      Duration heartbeat = Duration.ofSeconds(60);
      return new Settings(
          usual.listen(),
          0,
          usual.maxConnections(),
          heartbeat,
          usual.certificateLife(),
          Duration.ZERO,
          usual.enrolClones(),
          usual.requireNonce(),
          false,
          true,
          thaw,
          report);
    }

    /** With these settings. */
    public Parts with(Settings other) {
      return new Parts(other, limits, audit, barrier, clock);
    }

    /** With these limits. */
    public Parts with(StageLimits other) {
      return new Parts(settings, other, audit, barrier, clock);
    }

    /** With this around the audit log. */
    public Parts withAudit(AuditWrapper other) {
      return new Parts(settings, limits, other, barrier, clock);
    }

    /** With this around the cut. */
    public Parts withBarrier(BarrierWrapper other) {
      return new Parts(settings, limits, audit, other, clock);
    }

    /** With this time of day. */
    public Parts with(Clock other) {
      return new Parts(settings, limits, audit, barrier, other);
    }
  }

  /** Puts something around the audit log. */
  @FunctionalInterface
  public interface AuditWrapper {
    /** It. */
    AuditTrail around(AuditTrail log);
  }

  /** Puts something around the cut. */
  @FunctionalInterface
  public interface BarrierWrapper {
    /** It. */
    CutBarrier around(CutBarrier barrier);
  }

  /** Starts one below a folder, with a store of its own. */
  public Harness(Path folder, Parts parts) {
    this(folder, parts, new TestSnapshots(folder.resolve("store")), true);
  }

  /** Starts one over a store that stays open; after another one in the same folder it goes on. */
  public Harness(Path folder, Parts parts, TestSnapshots shared) {
    this(folder, parts, shared, false);
  }

  private Harness(Path folder, Parts parts, TestSnapshots store, boolean ownsStore) {
    this.store = store;
    this.ownsStore = ownsStore;
    audit = AuditLog.open(folder.resolve("audit.log"), parts.clock());
    audit.recordInterrupted();
    AuditTrail trail = parts.audit().around(audit);
    coordinator =
        Coordinator.start(
            parts.settings(),
            folder.resolve("agents"),
            inventory,
            trail,
            meters,
            parts.clock(),
            Ticker.SYSTEM);
    snapshots =
        new VmSnapshots(
            store.datastore(),
            List.of(coordinator.quiescer()),
            parts.barrier().around(CutBarrier.oneOwner(store.datastore().snapshots())),
            trail,
            parts.limits(),
            Clock.systemUTC());
  }

  /** Makes a running machine with one disk on the datastore, unless it is there. */
  public VmDescription machine(String id, String biosUuid, List<String> macs) {
    if (!store.has(id)) {
      store.file(id, id + "-flat.vmdk");
    }
    return inventory.add(id, biosUuid, macs);
  }

  @Override
  public String token(VmRef vm) {
    return coordinator.token(vm, Duration.ofHours(1), "test").text();
  }

  /** {@code host:port} for the agent. */
  public String server() {
    return "127.0.0.1:" + coordinator.port();
  }

  /** Waits until an agent may be asked to freeze. */
  public void awaitAgent(VmRef vm, Duration limit) throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (!ready(vm)) {
      if (System.nanoTime() > end) {
        throw new AssertionError("no agent for " + vm + " within " + limit + ": " + records());
      }
      Thread.sleep(20);
    }
  }

  @Override
  public boolean ready(VmRef vm) {
    return connected(vm) && coordinator.quiescer().notReady(inventory.describe(vm)).isEmpty();
  }

  @Override
  public String nonce(VmRef vm) {
    return inventory.read(vm);
  }

  @Override
  public boolean connected(VmRef vm) {
    return coordinator.agents().stream()
        .anyMatch(view -> view.connected() && view.agent().vm().equals(vm.toString()));
  }

  /** Takes a restore point. */
  public VmSnapshots.Taken snapshot(VmRef vm, SnapshotPolicy policy) {
    return snapshots.create(
        new OnlyDescribes(inventory), new VmSnapshots.Request(vm, null, Map.of(), policy, "test"));
  }

  /**
   * Writes to a machine's disk until it is closed: blocks of 4 KiB, each durable before the next.
   */
  public WriteLoad load(VmRef vm) {
    return new WriteLoad(store.datastore(), disk(vm));
  }

  /** Writes to a machine's disk, as some client of the datastore. */
  public void write(VmRef vm) {
    Object _ =
        store
            .datastore()
            .write(Caller.SYSTEM, disk(vm), 0, ByteBuffer.wrap(new byte[] {1}), true)
            .join();
  }

  /** Gives a machine's disk the content of a restore point, as a restore in place does. */
  public void restore(RestorePoint point) {
    Object _ =
        store
            .datastore()
            .snapshots()
            .restore(point.id(), List.of(disk(point.vm()).file()), List.of())
            .thenApply(_ -> point)
            .join();
  }

  private FileKey disk(VmRef vm) {
    return store.find(vm.id(), vm.id() + "-flat.vmdk");
  }

  /** The restore points that there are. */
  public List<RestorePoint> points() {
    return store.datastore().snapshots().list(0, 1_000).stream()
        .map(RestorePoint::of)
        .flatMap(Optional::stream)
        .toList();
  }

  /** The audit records. */
  public List<JsonNode> records() {
    return audit.list(0, 100_000);
  }

  /** The coordinator. */
  public Coordinator coordinator() {
    return coordinator;
  }

  /** The machines. */
  public FakeInventory inventory() {
    return inventory;
  }

  /** Takes snapshots. */
  public VmSnapshots snapshots() {
    return snapshots;
  }

  /** What was measured. */
  public SimpleMeterRegistry meters() {
    return meters;
  }

  @Override
  public void close() {
    coordinator.close();
    audit.close();
    if (ownsStore) {
      store.close();
    }
  }
}
