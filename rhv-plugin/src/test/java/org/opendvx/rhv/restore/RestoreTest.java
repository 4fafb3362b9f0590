package org.opendvx.rhv.restore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.VmClone;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmRestore;
import org.opendvx.core.vm.VmSnapshots;
import org.opendvx.rhv.DomainStore;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.RhvLab;
import org.opendvx.rhv.inventory.RoleMaker;
import org.opendvx.rhv.sim.Fault;
import org.opendvx.rhv.sim.SimLab;
import org.ovirt.engine.sdk4.types.VmStatus;

/** In place, as a new machine, single disks, and disks with layers. */
@Timeout(240)
class RestoreTest {
  private static final int SIZE = 3 << 20;
  private static final int LANES = 6;

  @TempDir private Path folder;
  private final DomainStore store = new DomainStore();
  private final RhvLab lab = new RhvLab(store, "/rhv");
  private final VmSnapshots snapshots =
      new VmSnapshots(store.datastore(), List.of(), Clock.systemUTC());
  private final VmClone clone = new VmClone(store.datastore(), snapshots);
  private final VmRestore restore =
      new VmRestore(store.datastore(), snapshots, Duration.ofMillis(100));
  private final Random random = new Random(7);
  private Rhv rhv = lab.connect();
  private String domain = "";
  private String web = "";
  private String disk = "";

  @BeforeEach
  void machine() {
    domain = lab.registered();
    web = lab.sim().machine("web", domain, SIZE);
    disk = Objects.requireNonNull(lab.sim().seen(web)).disks().getFirst();
    store.write(lab.sim().path(disk), 0, bytes(SIZE));
  }

  @AfterEach
  void close() {
    assertEquals(List.of(), lab.engine().violations());
    lab.close();
    store.close();
  }

  private byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private RestorePoint take() {
    return snapshots
        .create(rhv, new VmSnapshots.Request(RhvLab.ref(web), null, Map.of(), SnapshotPolicy.OFF))
        .point();
  }

  private static VmClone.Request request(RestorePoint point, String name) {
    return new VmClone.Request(point, name, false, RhvLab.LONG);
  }

  private SimLab.Seen seen(VmRef ref) {
    return Objects.requireNonNull(lab.sim().seen(ref.id()));
  }

  @Test
  void inPlaceBringsTheDiskBackAndKeepsASafetySnapshot() {
    String path = lab.sim().path(disk);
    byte[] then = store.read(path);
    RestorePoint point = take();
    store.write(path, 4096, bytes(100_000));
    byte[] changed = store.read(path);
    lab.sim().start(web, "host1");
    VmRestore.Request refused =
        new VmRestore.Request(RhvLab.ref(web), point, false, false, RhvLab.LONG);
    assertEquals(
        Kind.CONFLICT,
        assertThrows(DvxException.class, () -> restore.restore(rhv, refused)).kind());
    assertArrayEquals(changed, store.read(path));
    VmRestore.Restored restored =
        restore.restore(
            rhv, new VmRestore.Request(RhvLab.ref(web), point, true, true, RhvLab.LONG));
    assertArrayEquals(then, store.read(path));
    assertEquals(VmStatus.UP, seen(RhvLab.ref(web)).status());
    restore.restore(
        rhv, new VmRestore.Request(RhvLab.ref(web), restored.safety(), true, false, RhvLab.LONG));
    assertArrayEquals(changed, store.read(path));
  }

  @Test
  void asNewSharesTheFrozenContentAndHasItsOwnIdentity() {
    byte[] then = store.read(lab.sim().path(disk));
    RestorePoint point = take();
    store.write(lab.sim().path(disk), 0, bytes(SIZE));
    long stored = store.datastore().space().storedWritten();
    VmClone.Cloned made = clone.clone(rhv, request(point, "web-copy"));
    long more = store.datastore().space().storedWritten() - stored;
    assertTrue(more < SIZE / 100, "the engine's own small files only, not " + more);
    assertTrue(made.notes().contains("0 bytes copied"), made.notes().toString());
    SimLab.Seen copy = seen(made.vm());
    assertEquals("web-copy", copy.name());
    assertEquals(1, copy.disks().size());
    assertNotEquals(disk, copy.disks().getFirst());
    String path = lab.sim().path(copy.disks().getFirst());
    assertEquals(List.of(path), made.files());
    assertArrayEquals(then, store.read(path));
    assertNotNull(store.find(path + ".meta"));
    assertNotNull(store.find(path + ".lease"));
    assertEquals(36, store.attributes(store.require(path)).uid());
    assertNotEquals(seen(RhvLab.ref(web)).macs(), copy.macs());
    assertEquals(1, copy.macs().size());
    rhv.powerOn(made.vm(), RhvLab.LONG);
    assertEquals(
        Kind.EXISTS,
        assertThrows(DvxException.class, () -> clone.clone(rhv, request(point, "web-copy")))
            .kind());
    assertEquals(List.of(), lab.engine().takeRefused());
  }

  @Test
  void theAddressesOfTheOriginalAreKeptWhenItIsGoneAndThatIsWanted() {
    RestorePoint point = take();
    List<String> macs = seen(RhvLab.ref(web)).macs();
    VmClone.Request keep = new VmClone.Request(point, "web-back", false, true, RhvLab.LONG);
    Set<String> before = lab.sim().disks();
    assertThrows(DvxException.class, () -> clone.clone(rhv, keep), "two cards of one address");
    assertEquals(before, lab.sim().disks());
    lab.engine().takeRefused();
    rhv.unregister(RhvLab.ref(web));
    VmClone.Cloned made = clone.clone(rhv, keep);
    assertEquals(macs, seen(made.vm()).macs());
    assertTrue(made.notes().toString().contains("of the original"), made.notes().toString());
  }

  @Test
  void aSingleDiskIsMadeAttachedToNothing() {
    byte[] then = store.read(lab.sim().path(disk));
    RestorePoint point = take();
    NewMachine.MadeDisk made =
        new NewMachine(rhv, store.datastore())
            .makeDisk(
                point.id(),
                snapshots.document(point).vm(),
                "web_Disk1",
                "web-disk-back",
                RhvLab.LONG);
    assertArrayEquals(then, store.read(made.path()));
    assertEquals(0, made.copied());
    assertEquals(1, seen(RhvLab.ref(web)).disks().size());
  }

  @Test
  void whatFailsHalfWayIsTakenAway() {
    RestorePoint point = take();
    Set<String> before = lab.sim().disks();
    lab.engine().refuseNext("POST /vms", 400, "[the cluster is in a bad mood]");
    assertThrows(DvxException.class, () -> clone.clone(rhv, request(point, "web-copy")));
    assertEquals(before, lab.sim().disks());
    lab.engine().takeRefused();
  }

  @Test
  void aLowestLayerThatStandsOnAFileWhichIsMissingIsRefused() {
    lab.sim().layer(web, Instant.parse("2026-01-01T00:00:00Z"));
    // Both layers of the engine's chain are qcow2; the lower one names a third.
    byte[] image = emptyQcow2(SIZE);
    String top = lab.sim().path(disk);
    store.write(top, 0, image);
    String lower = rhv.describe(RhvLab.ref(web)).disks().getFirst().chain().getLast();
    assertNotEquals(top, lower);
    store.write(lower, 0, image);
    RestorePoint broken = take();
    Set<String> before = lab.sim().disks();
    DvxException e =
        assertThrows(DvxException.class, () -> clone.clone(rhv, request(broken, "web-copy")));
    assertEquals(Kind.UNSUPPORTED, e.kind());
    assertTrue(e.render().contains("not in the restore point"), e.render());
    assertEquals(before, lab.sim().disks());
  }

  /** A layer of version 3 without a cluster, over a file of qcow2 that is named. */
  private static byte[] emptyQcow2(long size) {
    ByteBuffer image = ByteBuffer.allocate(3 << 16);
    byte[] below = "below".getBytes(StandardCharsets.US_ASCII);
    byte[] format = "qcow2".getBytes(StandardCharsets.US_ASCII);
    image.putInt(0, 0x514649fb).putInt(4, 3).putLong(8, 512).putInt(16, below.length);
    image.putInt(20, 16).putLong(24, size).putInt(36, 1).putLong(40, 1 << 16);
    image.putInt(96, 4).putInt(100, 104).putInt(104, 0xE2792ACA).putInt(108, format.length);
    image.put(112, format).put(512, below);
    return image.array();
  }

  @Test
  void everyFaultAtEveryCallOfARestoreInPlaceLeavesTheOldOrTheNewContent() throws Exception {
    int calls;
    try (RhvLab own = new RhvLab(store, "/calm")) {
      InPlace calm = new InPlace(own, "calm");
      calm.spoil();
      own.engine().script(_ -> Fault.NONE);
      calm.restore(calm.patient);
      calls = own.engine().calls();
    }
    assertTrue(calls > 6, "describe, power off, look, look again, power on: " + calls);
    AtomicInteger whole = new AtomicInteger();
    List<Future<?>> lanes = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int lane = 0; lane < LANES; lane++) {
        int first = lane;
        lanes.add(threads.submit(() -> restoredUnderFaults(first, calls, whole)));
      }
      for (Future<?> each : lanes) {
        each.get(200, TimeUnit.SECONDS);
      }
    }
    int all = calls * (Fault.values().length - 1);
    System.out.println("restored in place at the first try under faults: " + whole + " of " + all);
    assertTrue(whole.get() > all / 2, "too few: " + whole);
  }

  private void restoredUnderFaults(int lane, int calls, AtomicInteger whole) {
    try (RhvLab own = new RhvLab(store, "/place" + lane)) {
      InPlace machine = new InPlace(own, "place-" + lane);
      own.sim().unruly(true);
      for (int at = lane; at < calls; at += LANES) {
        for (Fault fault : Fault.values()) {
          if (fault == Fault.NONE) {
            continue;
          }
          String what = fault + " at " + at;
          byte[] spoilt = machine.spoil();
          int call = at;
          own.engine().script(n -> n == call ? fault : Fault.NONE);
          try {
            machine.restore(machine.impatient);
            own.engine().script(_ -> Fault.NONE);
            whole.incrementAndGet();
          } catch (DvxException e) {
            own.engine().script(_ -> Fault.NONE);
            assertTrue(e.kind().isTransient(), what + ": " + e);
            boolean done = e.report().what().contains("are restored");
            assertArrayEquals(done ? machine.then : spoilt, machine.now(), what);
            machine.restore(machine.patient);
          }
          assertArrayEquals(machine.then, machine.now(), what);
          assertEquals(
              VmStatus.UP, Objects.requireNonNull(own.sim().seen(machine.id)).status(), what);
        }
      }
      own.engine().takeRefused();
      assertEquals(List.of(), own.engine().violations());
    }
  }

  /** A running machine with a restore point, and a connection of little patience. */
  private final class InPlace {
    private final Rhv impatient;
    private final Rhv patient;
    private final String id;
    private final String path;
    private final byte[] then;
    private final RestorePoint point;

    InPlace(RhvLab own, String name) {
      id = own.sim().machine("web", own.registered(), 1 << 20);
      path = own.sim().path(Objects.requireNonNull(own.sim().seen(id)).disks().getFirst());
      store.write(path, 0, name.getBytes(StandardCharsets.UTF_8));
      then = now();
      impatient = own.connect("admin@internal", "secret", Duration.ofSeconds(2));
      patient = own.connect();
      point =
          snapshots
              .create(
                  patient,
                  new VmSnapshots.Request(RhvLab.ref(id), name, Map.of(), SnapshotPolicy.OFF))
              .point();
      own.sim().start(id, "host1");
    }

    byte[] now() {
      return store.read(path);
    }

    /** The guest writes on; what the disk holds then. */
    byte[] spoil() {
      byte[] random = new byte[10_000];
      ThreadLocalRandom.current().nextBytes(random);
      store.write(path, 4096, random);
      return now();
    }

    void restore(Rhv by) {
      RestoreTest.this.restore.restore(
          by, new VmRestore.Request(RhvLab.ref(id), point, true, true, RhvLab.LONG));
    }
  }

  @Test
  void theLeastRoleIsEnoughForAll() {
    lab.engine().account("dvx@internal", "pw");
    assertEquals(RoleMaker.PERMITS, rhv.createRole("OpenDVX"));
    lab.sim().grant("dvx@internal", "OpenDVX");
    rhv = lab.connect("dvx@internal", "pw", Duration.ofSeconds(30));
    RestorePoint point = take();
    VmRef copy = clone.clone(rhv, request(point, "web-copy")).vm();
    rhv.powerOn(copy, RhvLab.LONG);
    rhv.powerOff(copy, RhvLab.LONG);
    rhv.unregister(copy);
    rhv.unregisterDatastore(RhvLab.DOMAIN, List.of());
    rhv.registerDatastore(lab.mount(), List.of());
    assertEquals(List.of(), lab.engine().takeRefused());
  }

  private void run(String... command) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of(command));
    Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
    try {
      byte[] out = process.getInputStream().readAllBytes();
      assertTrue(process.waitFor(60, TimeUnit.SECONDS));
      assertEquals(
          0, process.exitValue(), new String(out, java.nio.charset.StandardCharsets.UTF_8));
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aChainOfLayersIsRestoredInPlaceAndAsOneRawDisk() throws Exception {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/qemu-img"))
            && Files.isExecutable(Path.of("/usr/bin/qemu-io")),
        "qemu-utils is not installed");
    Path base = folder.resolve("base.raw");
    Files.write(base, store.read(lab.sim().path(disk)));
    String below = base.toString();
    String format = "raw";
    for (int layer = 0; layer < 2; layer++) {
      String top = folder.resolve("layer" + layer).toString();
      run("qemu-img", "create", "-q", "-f", "qcow2", "-b", below, "-F", format, top);
      run(
          "qemu-io",
          "-f",
          "qcow2",
          "-c",
          "write -P " + (17 + layer) + " " + (100_000 + layer * 70_000) / 512 * 512 + " 200k",
          "-c",
          "write -c -P " + (33 + layer) + " " + (1 + layer) * 1024 + "k 64k",
          "-c",
          "write -z " + (2048 + layer * 128) + "k 64k",
          top);
      lab.sim().layer(web, Instant.parse("2026-01-01T00:00:00Z").plusSeconds(layer));
      store.write(lab.sim().path(disk), 0, Files.readAllBytes(Path.of(top)));
      below = top;
      format = "qcow2";
    }
    Path expected = folder.resolve("expected.raw");
    run("qemu-img", "convert", "-f", "qcow2", "-O", "raw", below, expected.toString());
    RestorePoint point = take();
    assertEquals(3, point.files());
    VmClone.Cloned made = clone.clone(rhv, request(point, "web-flat"));
    assertArrayEquals(Files.readAllBytes(expected), store.read(made.files().getFirst()));
    String note = made.notes().getFirst();
    assertTrue(note.contains("copied to join") && note.contains("referred to"), note);
    String path = lab.sim().path(disk);
    byte[] then = store.read(path);
    store.write(path, 65_536, bytes(65_536));
    restore.restore(rhv, new VmRestore.Request(RhvLab.ref(web), point, false, false, RhvLab.LONG));
    assertArrayEquals(then, store.read(path));
    lab.sim().layer(web, Instant.parse("2026-02-01T00:00:00Z"));
    VmRestore.Request other =
        new VmRestore.Request(RhvLab.ref(web), point, false, false, RhvLab.LONG);
    assertEquals(
        Kind.CONFLICT,
        assertThrows(DvxException.class, () -> restore.restore(rhv, other)).kind(),
        "the chain is another one");
  }
}
