package org.opendvx.server.wiring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.Stragglers;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.SnapshotTaken;
import org.opendvx.server.api.SnapshotsTaken;
import org.opendvx.server.service.EventLog;
import org.opendvx.server.service.MachineProtection;
import org.opendvx.server.service.SnapshotService;
import org.opendvx.server.service.VmDirectory;

/** Machines of a vCenter and of an engine in one cut, and each restored alone. */
@Timeout(300)
class OneCutTest {
  private static final int SIZE = 3 << 20;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir private Path folder;
  private final Random random = new Random(11);

  private byte[] bytes() {
    byte[] bytes = new byte[SIZE];
    random.nextBytes(bytes);
    return bytes;
  }

  @Test
  void machinesOfBothAreCutInOneInstantAndRestoredAlone() throws Exception {
    try (BothHypervisors both = BothHypervisors.start(folder)) {
      byte[] here = bytes();
      byte[] there = bytes();
      VmRef web = both.onVCenter("web", here);
      VmRef db = both.onEngine("db", there);
      both.registry.hypervisor(BothHypervisors.VCENTER).powerOn(web, LIMIT);
      both.engine.lab().start(db.id(), "host1");
      both.registry.ask(BothHypervisors.ENGINE, each -> each.setFreeze("db", true));
      VmDirectory directory = new VmDirectory(both.registry);
      SnapshotService service =
          new SnapshotService(
              both.store.datastore(),
              both.protection,
              new EventLog(Clock.systemUTC()),
              Clock.systemUTC());
      SnapshotsTaken taken =
          service.ofMachines(
              Map.of(
                  directory.resolve("web"),
                  SnapshotPolicy.TRY,
                  directory.resolve("db"),
                  SnapshotPolicy.TRY),
              Map.of("why", "upgrade"),
              Stragglers.VOID,
              "admin",
              (_, _) -> {});
      assertEquals(Map.of(), taken.dropped());
      Map<String, SnapshotInfo> points = new HashMap<>();
      for (SnapshotTaken each : taken.taken()) {
        points.put(each.snapshot().vm(), service.resolve(each.snapshot().name()));
      }
      assertEquals(Set.of("web", "db"), points.keySet());
      assertEquals(1, distinct(points, SnapshotInfo::createdNanos), "one journal record");
      assertEquals(1, distinct(points, each -> each.labels().get("dvx.group")));
      SnapshotInfo webPoint = Objects.requireNonNull(points.get("web"));
      SnapshotInfo dbPoint = Objects.requireNonNull(points.get("db"));
      assertEquals("CRASH", facts(both, webPoint).consistency());
      assertEquals("FILE_SYSTEM", facts(both, dbPoint).consistency());
      assertEquals(web.toString(), facts(both, webPoint).vmRef());
      assertEquals(db.toString(), facts(both, dbPoint).vmRef());
      both.assertNoStuns();

      byte[] newHere = bytes();
      byte[] newThere = bytes();
      String webDisk = "/web/web-flat.vmdk";
      String dbDisk = both.enginePath(db.id());
      both.store.write(webDisk, 0, newHere);
      both.store.write(dbDisk, 0, newThere);
      both.protection.restore(Optional.empty(), webPoint, true, false, (_, _) -> {});
      assertArrayEquals(here, both.store.read(webDisk));
      assertArrayEquals(newThere, both.store.read(dbDisk), "the other one is left alone");
      both.store.write(webDisk, 0, newHere);
      both.protection.restore(Optional.empty(), dbPoint, true, false, (_, _) -> {});
      assertArrayEquals(there, both.store.read(dbDisk));
      assertArrayEquals(newHere, both.store.read(webDisk), "the other one is left alone");
      both.assertNoStuns();
      assertTrue(both.store.datastore().snapshots().count() >= 4, "with the safety snapshots");
    }
  }

  private static MachineProtection.Facts facts(BothHypervisors both, SnapshotInfo point) {
    return both.protection.facts(point);
  }

  private static long distinct(
      Map<String, SnapshotInfo> points, java.util.function.Function<SnapshotInfo, Object> of) {
    return points.values().stream().map(of).collect(Collectors.toSet()).size();
  }
}
