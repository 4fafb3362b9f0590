package org.opendvx.rhv;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.ovirt.engine.sdk4.builders.Builders.cluster;
import static org.ovirt.engine.sdk4.builders.Builders.disk;
import static org.ovirt.engine.sdk4.builders.Builders.diskAttachment;
import static org.ovirt.engine.sdk4.builders.Builders.host;
import static org.ovirt.engine.sdk4.builders.Builders.storageDomain;
import static org.ovirt.engine.sdk4.builders.Builders.template;
import static org.ovirt.engine.sdk4.builders.Builders.vm;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.nfs.NfsServer;
import org.opendvx.core.nfs.NfsSettings;
import org.opendvx.core.nfs.access.ClientNetwork;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.SipHashMac;
import org.opendvx.core.vm.Hypervisor.DatastoreMount;
import org.opendvx.core.vm.Hypervisor.HostState;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.core.vm.VmClone;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmRestore;
import org.opendvx.core.vm.VmSnapshots;
import org.opendvx.rhv.session.EngineCredentials;
import org.ovirt.engine.sdk4.types.Cluster;
import org.ovirt.engine.sdk4.types.Disk;
import org.ovirt.engine.sdk4.types.DiskFormat;
import org.ovirt.engine.sdk4.types.DiskInterface;
import org.ovirt.engine.sdk4.types.DiskStatus;
import org.ovirt.engine.sdk4.types.Host;
import org.ovirt.engine.sdk4.types.HostStatus;
import org.ovirt.engine.sdk4.types.Vm;
import org.ovirt.engine.sdk4.types.VmStatus;

/**
 * The whole adapter against any engine, named by {@code DVX_TEST_OVIRT_URL}, {@code
 * DVX_TEST_OVIRT_USER}, {@code DVX_TEST_OVIRT_PASSWORD_FILE}, {@code DVX_TEST_OVIRT_CA} (PEM), and
 * {@code DVX_TEST_NFS_HOST} (how its hosts reach this machine, where an NFS server is started on
 * {@code DVX_TEST_NFS_PORT}, usually 2049). Skipped without them. {@code DVX_TEST_OVIRT_CLUSTER}
 * names the target cluster; without it, it is one whose data center has a host that is up.
 *
 * <p>It touches only what it makes; all of that is called {@code dvxtest-...}. Where hosts write no
 * files, since they are simulated, the test sees that and makes the files of its disks itself.
 */
@Timeout(900)
class RealEngineTest {
  private static final String PREFIX = "DVX_TEST_OVIRT_";
  private static final String FOLDER = "/rhv";
  private static final int SIZE = 16 << 20;

  private final DomainStore store = new DomainStore();
  private final String name = "dvxtest-" + Long.toString(System.currentTimeMillis(), 36);
  private final List<String> machines = new ArrayList<>();
  private String cluster = "";
  private @Nullable NfsServer nfs;
  private @Nullable Rhv opened;
  private @Nullable Thread hosts;

  private static String setting(String key) {
    String value = System.getenv(key);
    assumeTrue(value != null && !value.isBlank(), key + " is not set: no engine to test against");
    return value == null ? "" : value;
  }

  private static boolean isFree(int port) {
    try (ServerSocket _ = new ServerSocket(port)) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  /** The cluster that is named, else the first that has a host which is up. */
  private static Cluster target(Rhv probe) {
    String wanted = Objects.requireNonNullElse(System.getenv(PREFIX + "CLUSTER"), "").strip();
    boolean any = wanted.isEmpty();
    Set<String> up =
        probe.catalog().allHosts().stream()
            .filter(host -> host.status() == HostStatus.UP && host.clusterPresent())
            .map(host -> host.cluster().id())
            .collect(Collectors.toSet());
    return probe.catalog().clusters().stream()
        .filter(Cluster::dataCenterPresent)
        .filter(
            each ->
                any
                    ? up.contains(each.id())
                    : wanted.equals(each.name()) || wanted.equals(each.id()))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no cluster to test in: " + wanted));
  }

  private Rhv rhv() {
    Rhv it = opened;
    if (it == null) {
      throw new AssertionError("not connected");
    }
    return it;
  }

  @BeforeEach
  void connect() throws Exception {
    String url = setting(PREFIX + "URL");
    RhvConfig config =
        new RhvConfig(
            "real",
            URI.create(url),
            EngineCredentials.fromFile(
                setting(PREFIX + "USER"), Path.of(setting(PREFIX + "PASSWORD_FILE"))),
            new TlsTrust.Authority(Path.of(setting(PREFIX + "CA"))),
            name,
            FOLDER,
            "",
            Duration.ofSeconds(60));
    setting("DVX_TEST_NFS_HOST");
    String center;
    try (Rhv probe = new Rhv(config)) {
      Cluster target = target(probe);
      cluster = target.name();
      center =
          probe
              .session()
              .read(
                  "the data center",
                  s ->
                      s.dataCentersService()
                          .dataCenterService(target.dataCenter().id())
                          .get()
                          .send()
                          .dataCenter()
                          .name());
    }
    opened =
        new Rhv(
            new RhvConfig(
                config.name(),
                config.url(),
                config.credentials(),
                config.trust(),
                name,
                FOLDER,
                center,
                config.callLimit()));
    NfsSettings usual =
        NfsSettings.loopback(
            List.of(
                new Export(
                    "/" + name,
                    FOLDER,
                    List.of(ClientNetwork.parse("0.0.0.0/0")),
                    new Export.Owner(36, 36),
                    false,
                    false)));
    String given = System.getenv("DVX_TEST_NFS_PORT");
    int port = given == null ? 2049 : Integer.parseInt(given);
    if (given == null && !isFree(port)) {
      System.out.println("port 2049 is taken: real hosts will not find this NFS server");
      port = 0;
    }
    nfs =
        new NfsServer(
            new NfsSettings(
                List.of(InetAddress.getByAddress(new byte[4])),
                port,
                usual.exports(),
                NfsSettings.Portmapper.AUTO,
                usual.portmapPort(),
                name,
                usual.threads(),
                usual.limits(),
                usual.rememberedReplies(),
                usual.rememberedTime(),
                usual.stopTime()),
            store.datastore(),
            new SipHashMac(name.repeat(2).substring(0, 16).getBytes(StandardCharsets.US_ASCII)),
            new SimpleMeterRegistry());
    nfs.start();
  }

  @AfterEach
  void takeAway() throws Exception {
    if (hosts != null) {
      hosts.interrupt();
      hosts.join(10_000);
    }
    Rhv rhv = opened;
    if (rhv != null) {
      for (String id : machines) {
        try {
          rhv.powerOff(new VmRef("real", id), Duration.ofMinutes(2));
          remove(rhv, id);
        } catch (DvxException e) {
          System.out.println("could not remove the machine " + id + ": " + e.render());
        }
      }
      try {
        rhv.unregisterDatastore(name, List.of());
      } catch (DvxException e) {
        System.out.println("could not take the domain " + name + " out: " + e.render());
      }
      rhv.close();
    }
    if (nfs != null) {
      nfs.close();
    }
    store.close();
  }

  /** Removes a machine and its disks; an engine refuses while it is still at something with it. */
  private static void remove(Rhv rhv, String id) throws InterruptedException {
    for (int i = 0; ; i++) {
      try {
        rhv.session().change("remove", s -> s.vmsService().vmService(id).remove().send());
      } catch (DvxException e) {
        if (e.kind() == Kind.NOT_FOUND) {
          return;
        }
        if (!e.kind().isTransient() || i == 60) {
          throw e;
        }
      }
      Thread.sleep(1_000);
    }
  }

  /** Makes the files that simulated hosts do not make. */
  private void standInForHosts() {
    String domain = rhv().catalog().requireDomain().id();
    hosts =
        Thread.ofVirtual()
            .start(
                () -> {
                  while (!Thread.currentThread().isInterrupted()) {
                    for (Disk each :
                        rhv()
                            .session()
                            .read(
                                "disks",
                                s ->
                                    s.storageDomainsService()
                                        .storageDomainService(domain)
                                        .disksService()
                                        .list()
                                        .send()
                                        .disks())) {
                      String path =
                          FOLDER + "/" + domain + "/images/" + each.id() + "/" + each.imageId();
                      if (each.aliasPresent()
                          && each.alias().startsWith(name)
                          && store.find(path) == null) {
                        store.create(path, each.provisionedSizeAsLong());
                      }
                    }
                    try {
                      Thread.sleep(200);
                    } catch (InterruptedException e) {
                      return;
                    }
                  }
                });
  }

  private String machine() throws InterruptedException {
    String domain = rhv().catalog().requireDomain().id();
    String disk =
        rhv()
            .session()
            .change(
                "make a disk",
                s ->
                    s.disksService()
                        .add()
                        .disk(
                            disk()
                                .name(name + "-disk")
                                .alias(name + "-disk")
                                .format(DiskFormat.RAW)
                                .sparse(true)
                                .provisionedSize(SIZE)
                                .storageDomains(storageDomain().id(domain)))
                        .send()
                        .disk()
                        .id());
    for (int i = 0; i < 240; i++) {
      if (rhv()
              .session()
              .read("disk", s -> s.disksService().diskService(disk).get().send().disk().status())
          == DiskStatus.OK) {
        break;
      }
      Thread.sleep(500);
    }
    String id =
        rhv()
            .session()
            .change(
                "make a machine",
                s ->
                    s.vmsService()
                        .add()
                        .vm(
                            vm().name(name + "-vm")
                                .cluster(cluster().name(cluster))
                                .template(template().name("Blank")))
                        .send()
                        .vm()
                        .id());
    machines.add(id);
    for (int attempt = 1; ; attempt++) {
      try {
        attach(id, disk);
        return id;
      } catch (DvxException e) {
        // The engine still has the new machine or disk locked for a moment.
        if (e.kind() != Kind.CONFLICT || attempt == 60) {
          throw e;
        }
        Thread.sleep(500);
      }
    }
  }

  private void attach(String id, String disk) {
    rhv()
        .session()
        .change(
            "attach",
            s ->
                s.vmsService()
                    .vmService(id)
                    .diskAttachmentsService()
                    .add()
                    .attachment(
                        diskAttachment()
                            .disk(disk().id(disk))
                            .bootable(true)
                            .active(true)
                            .interface_(DiskInterface.VIRTIO_SCSI))
                    .send());
  }

  @Test
  void registerSnapshotRestoreMoveUnregister() throws Exception {
    DatastoreMount mount =
        new DatastoreMount(name, setting("DVX_TEST_NFS_HOST"), "/" + name, _ -> "", "");
    System.out.println(rhv().about());
    rhv().registerDatastore(mount, List.of());
    assertTrue(rhv().hosts(name).stream().anyMatch(HostState::mounted));
    VmRef ref = new VmRef("real", machine());
    String path = rhv().describe(ref).files().getFirst();
    // Real hosts make the file before the engine says that the disk is there.
    for (int i = 0; i < 200 && store.find(path) == null; i++) {
      Thread.sleep(100);
      if (i == 50) {
        System.out.println("the hosts write no files: they are simulated");
        standInForHosts();
      }
    }
    byte[] then = new byte[SIZE];
    new Random(1).nextBytes(then);
    store.write(path, 0, then);

    VmSnapshots snapshots = new VmSnapshots(store.datastore(), List.of(), Clock.systemUTC());
    RestorePoint point =
        snapshots
            .create(rhv(), new VmSnapshots.Request(ref, null, Map.of(), SnapshotPolicy.TRY))
            .point();
    store.write(path, 4096, new byte[SIZE / 2]);
    new VmRestore(store.datastore(), snapshots, Duration.ofSeconds(1))
        .restore(rhv(), new VmRestore.Request(ref, point, false, false, Duration.ofMinutes(2)));
    assertArrayEquals(then, store.read(path));
    VmClone.Cloned made =
        new VmClone(store.datastore(), snapshots)
            .clone(rhv(), new VmClone.Request(point, name + "-new", false, Duration.ofMinutes(5)));
    machines.add(made.vm().id());
    assertArrayEquals(then, store.read(made.files().getFirst()));

    move(ref);
  }

  private void move(VmRef ref) throws Exception {
    BlockingQueue<VmMobility> told = new LinkedBlockingQueue<>();
    try (AutoCloseable _ =
        rhv()
            .watch(
                event -> {
                  if (event.vm().equals(ref)) {
                    told.add(event);
                  }
                })) {
      rhv().powerOn(ref, Duration.ofMinutes(3));
      VmMobility.PoweredOn on = next(told, VmMobility.PoweredOn.class);
      awaitUp(ref);
      List<Host> others =
          rhv().catalog().allHosts().stream()
              .filter(each -> each.status() == HostStatus.UP && !each.name().equals(on.host()))
              .filter(each -> each.clusterPresent() && each.cluster().id().equals(clusterOf(ref)))
              .toList();
      if (others.isEmpty()) {
        System.out.println("the cluster has no second host that is up: nothing can move");
      } else {
        String target = others.getFirst().name();
        rhv()
            .session()
            .change(
                "migrate",
                s -> s.vmsService().vmService(ref.id()).migrate().host(host().name(target)).send());
        next(told, VmMobility.AboutToMove.class);
        assertEquals(target, next(told, VmMobility.Moved.class).target());
      }
      rhv().powerOff(ref, Duration.ofMinutes(3));
      next(told, VmMobility.PoweredOff.class);
    }
  }

  private Vm read(VmRef ref) {
    return rhv().session().read("read", s -> s.vmsService().vmService(ref.id()).get().send().vm());
  }

  private String clusterOf(VmRef ref) {
    return read(ref).cluster().id();
  }

  /** A machine that powers up is on, and cannot migrate yet. */
  private void awaitUp(VmRef ref) throws InterruptedException {
    for (int i = 0; i < 240 && read(ref).status() != VmStatus.UP; i++) {
      Thread.sleep(500);
    }
  }

  private static <T extends VmMobility> T next(BlockingQueue<VmMobility> told, Class<T> kind)
      throws InterruptedException {
    return assertInstanceOf(kind, told.poll(5, TimeUnit.MINUTES));
  }
}
