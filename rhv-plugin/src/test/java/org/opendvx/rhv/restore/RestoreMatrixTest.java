package org.opendvx.rhv.restore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.VmClone;
import org.opendvx.core.vm.VmSnapshots;
import org.opendvx.rhv.DomainStore;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.RhvLab;
import org.opendvx.rhv.sim.Fault;
import org.opendvx.rhv.sim.SimLab;

/**
 * Every call of a restore as a new machine with every fault: a whole machine, or nothing is left
 * and the error says why; and the same command then does it.
 */
@Timeout(240)
class RestoreMatrixTest {
  private static final int LANES = 12;
  private static final int DISKS = 2;

  /** What goes wrong from one call on: for it alone, or for a while. */
  private record Trouble(String name, IntFunction<IntFunction<Fault>> from) {}

  private final DomainStore store = new DomainStore();
  private final VmSnapshots snapshots =
      new VmSnapshots(store.datastore(), List.of(), Clock.systemUTC());
  private final VmClone clone = new VmClone(store.datastore(), snapshots);

  @AfterEach
  void close() {
    store.close();
  }

  private static List<Trouble> troubles() {
    List<Trouble> all = new ArrayList<>();
    for (Fault fault : Fault.values()) {
      if (fault != Fault.NONE) {
        all.add(new Trouble(fault.name(), at -> n -> n == at ? fault : Fault.NONE));
      }
    }
    all.add(
        new Trouble("AWAY", at -> n -> n >= at && n < at + 12 ? Fault.UNAVAILABLE : Fault.NONE));
    all.add(
        new Trouble(
            "LOST_THEN_AWAY",
            at ->
                n ->
                    n == at
                        ? Fault.DROP_AFTER
                        : n > at && n < at + 6 ? Fault.UNAVAILABLE : Fault.NONE));
    return all;
  }

  /** An engine of its own with a machine and a restore point. */
  private final class Lane implements AutoCloseable {
    private final RhvLab lab;
    private final Rhv rhv;
    private final List<byte[]> then = new ArrayList<>();
    private final RestorePoint point;
    private final String domain;
    private int made;

    Lane(int number) {
      lab = new RhvLab(store, "/lane" + number);
      domain = lab.registered();
      String vm = lab.sim().machine("web", domain, 1 << 20);
      for (int i = 1; i < DISKS; i++) {
        lab.sim().addDisk(vm, "web_Disk" + (i + 1), domain, 1 << 20);
      }
      for (String disk : Objects.requireNonNull(lab.sim().seen(vm)).disks()) {
        byte[] content = ("lane " + number + " " + disk).getBytes(StandardCharsets.UTF_8);
        store.write(lab.sim().path(disk), 4096, content);
        then.add(store.read(lab.sim().path(disk)));
      }
      rhv = lab.connect("admin@internal", "secret", Duration.ofSeconds(2));
      point =
          snapshots
              .create(
                  rhv,
                  new VmSnapshots.Request(
                      RhvLab.ref(vm), "lane-" + number, Map.of(), SnapshotPolicy.OFF))
              .point();
    }

    VmClone.Cloned clone(String name) {
      return clone.clone(rhv, new VmClone.Request(point, name, false, RhvLab.LONG));
    }

    /** What is there beside what was. */
    Set<String> all() {
      Set<String> all = new HashSet<>(lab.sim().disks());
      all.addAll(lab.sim().machines());
      return all;
    }

    void whole(VmClone.Cloned cloned, String name, Set<String> before, String what) {
      SimLab.Seen seen = Objects.requireNonNull(lab.sim().seen(cloned.vm().id()), what);
      assertEquals(name, seen.name(), what);
      assertEquals(DISKS, seen.disks().size(), what);
      assertEquals(1, seen.macs().size(), what);
      for (int i = 0; i < DISKS; i++) {
        String path = lab.sim().path(seen.disks().get(i));
        assertEquals(cloned.files().get(i), path, what);
        assertArrayEquals(then.get(i), store.read(path), what);
      }
      Set<String> more = all();
      more.removeAll(before);
      more.removeAll(seen.disks());
      assertEquals(Set.of(seen.id()), more, what);
    }

    /** One cell; whether the machine was made in spite of it. */
    boolean survives(Trouble trouble, int at, String what) {
      String name = "copy-" + made++;
      Set<String> before = all();
      lab.engine().script(trouble.from().apply(at));
      try {
        VmClone.Cloned cloned = clone(name);
        lab.engine().script(_ -> Fault.NONE);
        whole(cloned, name, before, what);
        return true;
      } catch (DvxException e) {
        lab.engine().script(_ -> Fault.NONE);
        nothingLeft(e, before, what);
        whole(clone(name), name, before, what + ", again");
        return false;
      }
    }

    /** Somebody makes a machine of the same name while an answer is lost: it stays as it is. */
    boolean leavesOthersAlone(int at) {
      String name = "copy-" + made++;
      String[] other = {""};
      lab.engine()
          .script(
              n -> {
                if (n != at) {
                  return Fault.NONE;
                }
                other[0] = lab.sim().machine(name, domain, 1 << 20);
                return Fault.UNAVAILABLE;
              });
      boolean own;
      try {
        own = !clone(name).vm().id().equals(other[0]);
        assertTrue(own, "it was made of somebody else's at " + at);
      } catch (DvxException e) {
        own = false;
      }
      lab.engine().script(_ -> Fault.NONE);
      if (other[0].isEmpty()) {
        // It waited less often than the one that was counted, and was over before.
        return own;
      }
      SimLab.Seen seen = Objects.requireNonNull(lab.sim().seen(other[0]), "removed at " + at);
      assertEquals(1, seen.disks().size(), "filled at " + at);
      assertEquals(1, seen.macs().size(), "given a card at " + at);
      return own;
    }

    void nothingLeft(DvxException e, Set<String> before, String what) {
      assertEquals(before, all(), () -> what + ": " + e.render());
      assertTrue(!e.report().cause().isBlank(), () -> what + ": " + e.render());
      assertTrue(!e.report().remedy().isBlank(), () -> what + ": " + e.render());
    }

    @Override
    public void close() {
      lab.engine().takeRefused();
      assertEquals(List.of(), lab.engine().violations());
      lab.close();
    }
  }

  /** Runs all cells in lanes, since most of it is waiting. */
  private int run(List<Cell> cells) throws Exception {
    ConcurrentLinkedQueue<Cell> rest = new ConcurrentLinkedQueue<>(cells);
    AtomicInteger made = new AtomicInteger();
    List<Future<?>> lanes = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int number = 0; number < LANES; number++) {
        int id = number;
        lanes.add(
            threads.submit(
                () -> {
                  try (Lane lane = new Lane(id)) {
                    for (Cell cell = rest.poll(); cell != null; cell = rest.poll()) {
                      made.addAndGet(cell.runs(lane) ? 1 : 0);
                    }
                  }
                }));
      }
      for (Future<?> each : lanes) {
        each.get(200, TimeUnit.SECONDS);
      }
    }
    return made.get();
  }

  @FunctionalInterface
  private interface Cell {
    boolean runs(Lane lane);
  }

  /** The calls of a restore that nothing disturbs, and of one that is refused at its last step. */
  private List<String> calls(boolean refused) {
    try (Lane calm = new Lane(99)) {
      int before = calm.lab.engine().log().size();
      if (refused) {
        calm.lab.engine().refuseNext("diskattachments", 400, "[no]");
        try {
          calm.clone("clean");
        } catch (DvxException e) {
          assertEquals(Kind.INVALID, e.kind());
        }
      } else {
        calm.clone("clean");
      }
      List<String> log = calm.lab.engine().log();
      return List.copyOf(log.subList(before, log.size()));
    }
  }

  @Test
  void everyFaultAtEveryCallEndsWithAWholeMachineOrNothing() throws Exception {
    int calls = calls(false).size();
    assertTrue(calls >= 12, "calls: " + calls);
    List<Cell> cells = new ArrayList<>();
    for (Trouble trouble : troubles()) {
      for (int at = 0; at < calls; at++) {
        int call = at;
        cells.add(lane -> lane.survives(trouble, call, trouble.name() + " at " + call));
      }
    }
    int made = run(cells);
    System.out.println("made in spite of a fault: " + made + " of " + cells.size());
    assertTrue(made > cells.size() / 2, "too few: " + made);
  }

  @Test
  void aMachineOfSomebodyElseIsNeitherFilledNorRemoved() throws Exception {
    int calls = calls(false).size();
    List<Cell> cells = new ArrayList<>();
    for (int at = 0; at < calls; at++) {
      int call = at;
      cells.add(lane -> lane.leavesOthersAlone(call));
    }
    int _ = run(cells);
  }

  @Test
  void everyFaultAtEveryCallOfTakingBackLeavesNothing() throws Exception {
    List<String> calls = calls(true);
    int last = -1;
    for (int i = 0; i < calls.size(); i++) {
      if (calls.get(i).startsWith("POST") && calls.get(i).endsWith("diskattachments")) {
        last = i;
      }
    }
    assertTrue(last >= 0 && calls.size() - last > 4, calls.toString());
    List<Cell> cells = new ArrayList<>();
    for (Trouble trouble : troubles()) {
      for (int at = last + 1; at < calls.size(); at++) {
        int call = at;
        String what = trouble.name() + " at " + call + " while it is taken back";
        cells.add(lane -> takenBack(lane, trouble, call, what));
      }
    }
    int made = run(cells);
    assertTrue(made <= cells.size() / 10, "made in spite of a refusal: " + made);
    System.out.println("taken back in spite of a fault: " + (cells.size() - made));
  }

  private static boolean takenBack(Lane lane, Trouble trouble, int at, String what) {
    String name = "back-" + lane.made++;
    Set<String> before = lane.all();
    lane.lab.engine().refuseNext("diskattachments", 400, "[no]");
    lane.lab.engine().script(trouble.from().apply(at));
    try {
      VmClone.Cloned cloned = lane.clone(name);
      // On a busy machine a call more is made before, and the refusal itself is what got lost.
      lane.lab.engine().script(_ -> Fault.NONE);
      lane.whole(cloned, name, before, what);
      return true;
    } catch (DvxException e) {
      lane.lab.engine().script(_ -> Fault.NONE);
      assertEquals(Kind.INVALID, e.kind(), what);
      lane.nothingLeft(e, before, what);
    }
    return false;
  }

  @Test
  void everyRefusalLeavesNothing() throws Exception {
    List<Cell> cells = new ArrayList<>();
    for (String step : List.of("POST /disks", "POST /vms", "nics", "diskattachments")) {
      for (int code : List.of(400, 403, 404)) {
        cells.add(lane -> refused(lane, step, code));
      }
    }
    assertEquals(0, run(cells));
  }

  private static boolean refused(Lane lane, String step, int code) {
    String name = "refused-" + lane.made++;
    String what = code + " of " + step;
    Set<String> before = lane.all();
    lane.lab.engine().refuseNext(step, code, "[the engine is in a bad mood]");
    try {
      lane.clone(name);
      throw new AssertionError(what + ": it was made");
    } catch (DvxException e) {
      assertTrue(e.render().contains("bad mood"), e::render);
      lane.nothingLeft(e, before, what);
    }
    lane.whole(lane.clone(name), name, before, what + ", again");
    return false;
  }

  @Test
  void whatCannotBeTakenBackIsNamed() {
    try (Lane lane = new Lane(0)) {
      lane.lab.engine().account("dvx@internal", "pw");
      lane.rhv.createRole("OpenDVX");
      lane.lab.sim().grant("dvx@internal", "OpenDVX");
      lane.lab.sim().takeBack("dvx@internal", "delete_disk");
      Rhv lame = lane.lab.connect("dvx@internal", "pw", RhvLab.LONG);
      lane.lab.engine().refuseNext("diskattachments", 400, "[no]");
      Set<String> before = lane.all();
      VmClone.Request request = new VmClone.Request(lane.point, "web-copy", false, RhvLab.LONG);
      DvxException e = assertThrows(DvxException.class, () -> clone.clone(lame, request));
      assertEquals(Kind.INVALID, e.kind());
      Set<String> left = lane.all();
      left.removeAll(before);
      assertEquals(DISKS, left.size(), e.render());
      for (String each : left) {
        assertTrue(e.render().contains(each), e.render());
      }
    }
  }

  @Test
  void aMachineThatIsMadeAndDoesNotStartStays() {
    try (Lane lane = new Lane(0)) {
      Set<String> before = lane.all();
      lane.lab.engine().refuseNext("start", 400, "[no memory]");
      VmClone.Request request = new VmClone.Request(lane.point, "web-copy", true, RhvLab.LONG);
      DvxException e = assertThrows(DvxException.class, () -> clone.clone(lane.rhv, request));
      assertTrue(e.render().contains("is made") && e.render().contains("no memory"), e.render());
      Set<String> more = lane.all();
      more.removeAll(before);
      assertEquals(1 + DISKS, more.size());
    }
  }
}
