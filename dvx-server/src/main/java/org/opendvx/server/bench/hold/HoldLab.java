package org.opendvx.server.bench.hold;

import com.fasterxml.jackson.databind.JsonNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.opendvx.coordinator.audit.AuditLog;
import org.opendvx.coordinator.session.Coordinator;
import org.opendvx.coordinator.session.Settings;
import org.opendvx.coordinator.session.Ticker;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.nfs.NfsServer;
import org.opendvx.core.nfs.NfsSettings;
import org.opendvx.core.nfs.access.ClientNetwork;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.SipHashMac;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;
import org.opendvx.core.vm.CutBarrier;
import org.opendvx.core.vm.Quiescer;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.StageLimits;
import org.opendvx.core.vm.VmSnapshots;
import org.opendvx.server.guest.GuestMachine;
import org.opendvx.server.guest.Judged;
import org.opendvx.server.guest.LinuxGuest;

/**
 * A datastore on six drive folders, its NFS server and portmapper on a loopback address of its own,
 * the coordinator, and a {@link LinuxGuest} whose disks lie on that datastore. Everything but the
 * inventory is what a node runs.
 */
final class HoldLab {
  private static final int DRIVES = 6;
  private static final long DRIVE_BYTES = 4L << 30;
  private static final int KEY_BYTES = 16;
  private static final int OCTETS = 200;
  private static final String EXPORT = "/dvx";
  private static final Duration STEP = Duration.ofMillis(20);

  private final Options options;
  private final Deque<Part> parts = new ArrayDeque<>();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final SecureRandom random = new SecureRandom();
  private final String address = "127." + octet() + "." + octet() + "." + octet();
  private final LabMachine machine;
  private final DvxDatastore datastore;
  private final AuditLog audit;
  private Coordinator coordinator;
  private VmSnapshots snapshots;
  private final LinuxGuest guest;

  /** Something to close. */
  @FunctionalInterface
  private interface Part {
    void close() throws IOException, InterruptedException;
  }

  /**
   * How it is set up.
   *
   * @param home the source tree
   * @param folder an empty one
   * @param kinds of the guest's file systems, one for each disk
   * @param barrier put around the cut
   * @param quiescer put around the coordinator's quiescer
   */
  record Options(
      Path home,
      Path folder,
      List<String> kinds,
      long diskBytes,
      Settings settings,
      StageLimits limits,
      UnaryOperator<CutBarrier> barrier,
      UnaryOperator<Quiescer> quiescer) {

    /** Nothing special: ext4 and xfs; a guest is ready as soon as its agent is connected. */
    static Options usual(Path home, Path folder) {
      Settings usual = Settings.usual();
      Settings settings =
          new Settings(
              usual.listen(),
              0,
              usual.maxConnections(),
              Duration.ofSeconds(5),
              usual.certificateLife(),
              Duration.ZERO,
              usual.enrolClones(),
              true,
              false,
              true,
              usual.thaw(),
              usual.report());
      return new Options(
          home,
          folder,
          List.of("ext4", "xfs"),
          384L << 20,
          settings,
          StageLimits.USUAL,
          UnaryOperator.identity(),
          UnaryOperator.identity());
    }

    /** With this around the cut. */
    Options withBarrier(UnaryOperator<CutBarrier> other) {
      return new Options(home, folder, kinds, diskBytes, settings, limits, other, quiescer);
    }

    /** With this around the coordinator's quiescer. */
    Options withQuiescer(UnaryOperator<Quiescer> other) {
      return new Options(home, folder, kinds, diskBytes, settings, limits, barrier, other);
    }
  }

  /** Sets everything up; the agent is enrolled, and not started. */
  HoldLab(Options options) throws IOException, InterruptedException {
    this.options = options;
    boolean done = false;
    try {
      Path drives = Files.createDirectories(options.folder().resolve("drives"));
      List<Path> folders = new ArrayList<>();
      for (int i = 0; i < DRIVES; i++) {
        folders.add(Files.createDirectory(drives.resolve("drive" + i)));
      }
      LocalPoolConfig config = LocalPoolConfig.of(folders).withDriveCapacity(DRIVE_BYTES);
      LocalPool.create(config);
      LocalPool pool = LocalPool.open(config);
      parts.push(pool::close);
      KeyRing keys = KeyRing.generate();
      parts.push(keys::close);
      datastore = DvxDatastore.format(pool, keys, DatastoreSettings.DEFAULT, "lab");
      parts.push(datastore::close);
      List<String> files = disks(options.kinds().size(), options.diskBytes());
      machine = new LabMachine(files, options.diskBytes());
      serve();
      audit = AuditLog.open(options.folder().resolve("audit.log"), Clock.systemUTC());
      parts.push(audit::close);
      coordinator = coordinator();
      parts.push(() -> coordinator.close());
      snapshots = snapshots();
      List<LinuxGuest.Disk> disks = new ArrayList<>();
      for (int i = 0; i < files.size(); i++) {
        disks.add(new LinuxGuest.Disk(EXPORT + files.get(i), options.kinds().get(i), true));
      }
      guest =
          LinuxGuest.start(
              new LinuxGuest.Setup(
                  options.home(),
                  Files.createDirectory(options.folder().resolve("guest")),
                  address,
                  disks,
                  new GuestMachine(LabMachine.BIOS, LabMachine.MAC),
                  Duration.ZERO));
      parts.push(guest::close);
      machine.passTo(guest::passNonce);
      guest.agent().enrol("127.0.0.1:" + coordinator.port(), token());
      done = true;
    } finally {
      if (!done) {
        close();
      }
    }
  }

  private int octet() {
    return 20 + random.nextInt(OCTETS);
  }

  private List<String> disks(int count, long bytes) {
    FileKey folder =
        create(
            FileKey.ROOT, LabMachine.NAME, Datastore.NewFile.directory(AttributeChange.mode(0755)));
    List<String> files = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      String name = "disk" + i + "-flat.vmdk";
      create(
          folder,
          name,
          Datastore.NewFile.regular(new AttributeChange(0600, null, null, bytes, null, null)));
      files.add("/" + LabMachine.NAME + "/" + name);
    }
    return files;
  }

  private FileKey create(FileKey folder, String name, Datastore.NewFile file) {
    return datastore
        .create(
            Caller.SYSTEM,
            folder,
            name.getBytes(StandardCharsets.UTF_8),
            file,
            new Datastore.Existing.Refuse())
        .join()
        .key();
  }

  private void serve() {
    NfsSettings usual =
        NfsSettings.loopback(
            List.of(new Export(EXPORT, "/", ClientNetwork.LOOPBACK, null, false, false)));
    byte[] key = new byte[KEY_BYTES];
    random.nextBytes(key);
    NfsServer server =
        new NfsServer(
            new NfsSettings(
                List.of(InetAddress.ofLiteral(address)),
                0,
                usual.exports(),
                NfsSettings.Portmapper.AUTO,
                usual.portmapPort(),
                usual.frontHost(),
                usual.threads(),
                usual.limits(),
                usual.rememberedReplies(),
                usual.rememberedTime(),
                usual.stopTime()),
            datastore,
            new SipHashMac(key),
            meters);
    server.start();
    parts.push(server::close);
  }

  private Coordinator coordinator() {
    return Coordinator.start(
        options.settings(),
        options.folder().resolve("agents"),
        machine,
        audit,
        meters,
        Clock.systemUTC(),
        Ticker.SYSTEM);
  }

  private VmSnapshots snapshots() {
    return new VmSnapshots(
        datastore,
        List.of(options.quiescer().apply(coordinator.quiescer())),
        options.barrier().apply(CutBarrier.oneOwner(datastore.snapshots())),
        audit,
        options.limits(),
        Clock.systemUTC());
  }

  private String token() {
    return coordinator.token(LabMachine.REF, Duration.ofHours(1), "lab").text();
  }

  /** Ends the coordinator as a stop of the node does. */
  void closeCoordinator() {
    coordinator.close();
  }

  /** Starts it anew, on another port, with what it remembers. */
  void startCoordinator() {
    coordinator = coordinator();
    snapshots = snapshots();
  }

  /** Where agents dial. */
  int coordinatorPort() {
    return coordinator.port();
  }

  LinuxGuest guest() {
    return guest;
  }

  /** Waits until the agent may be asked to freeze. */
  void awaitAgent(Duration limit) throws IOException, InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (coordinator.quiescer().notReady(machine.describe(LabMachine.REF)).isPresent()) {
      if (System.nanoTime() > end) {
        throw DvxException.of(Kind.TIMEOUT, "The guest's agent does not connect")
            .cause("It is not connected after " + limit.toSeconds() + " s")
            .detail("the agent said", guest.agent().printed())
            .detail("records", audit.list(0, 1_000))
            .build();
      }
      Thread.sleep(STEP);
    }
  }

  /** Waits until the coordinator has seen that the agent is gone. */
  void awaitNoAgent(Duration limit) throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (coordinator.agents().stream().anyMatch(Coordinator.View::connected)) {
      if (System.nanoTime() > end) {
        throw DvxException.of(Kind.TIMEOUT, "The guest's agent is still connected").build();
      }
      Thread.sleep(STEP);
    }
  }

  /** Takes a restore point. */
  VmSnapshots.Taken snapshot(SnapshotPolicy policy) {
    return snapshots.create(
        machine, new VmSnapshots.Request(LabMachine.REF, null, Map.of(), policy, "lab"));
  }

  /** Forgets one. */
  void delete(RestorePoint point) {
    datastore.snapshots().delete(point.id()).join();
  }

  /** The restore points that there are. */
  List<RestorePoint> points() {
    return datastore.snapshots().list(0, 1_000).stream()
        .map(RestorePoint::of)
        .flatMap(Optional::stream)
        .toList();
  }

  /** The audit records after the first so many. */
  List<JsonNode> records(long after) {
    return audit.list(after, 100_000);
  }

  /** How many audit records there are. */
  long recordCount() {
    return audit.count();
  }

  /** Judges every disk of a restore point. */
  List<Judged> judge(RestorePoint point) throws IOException, InterruptedException {
    List<Judged> last = new ArrayList<>();
    for (int i = 0; i < options.kinds().size(); i++) {
      last.add(
          guest.judge(
              EXPORT
                  + "/.snapshots/"
                  + point.name()
                  + "/"
                  + LabMachine.NAME
                  + "/disk"
                  + (i + 1)
                  + "-flat.vmdk",
              options.kinds().get(i)));
    }
    return last;
  }

  public synchronized void close() throws IOException, InterruptedException {
    List<Exception> failures = new ArrayList<>();
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (IOException | RuntimeException e) {
        failures.add(e);
      }
    }
    if (!failures.isEmpty()) {
      IOException all = new IOException("not everything could be closed: " + failures);
      failures.forEach(all::addSuppressed);
      throw all;
    }
  }
}
