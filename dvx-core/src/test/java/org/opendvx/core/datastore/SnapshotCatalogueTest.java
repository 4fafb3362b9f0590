package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.Change.SnapshotHead;
import org.opendvx.core.datastore.Change.SnapshotNode;
import org.opendvx.core.datastore.SnapshotCatalogue.Fresh;
import org.opendvx.core.datastore.SnapshotCatalogue.Written;
import org.opendvx.core.tree.BlockMap;
import org.opendvx.core.tree.FrozenTree;
import org.opendvx.core.tree.RecordTree;
import org.opendvx.core.tree.RootRef;
import org.opendvx.core.tree.TreeIo;

/** Searches give what they should, and neither they nor checkpoints grow with all snapshots. */
class SnapshotCatalogueTest {
  private static final byte[] NOTHING = {};
  private static final long SECOND = 1_000_000_000L;
  private static final int MANY = 20_000;

  private final CountingNodes nodes = new CountingNodes();
  private final TreeIo io = new TreeIo(nodes, 64 << 20);
  private final NameHash hash = new NameHash(new byte[NameHash.KEY_LENGTH]);
  private SnapshotCatalogue catalogue =
      new SnapshotCatalogue(io, hash, RootRef.EMPTY, RootRef.EMPTY);
  private long birth;
  private Written stored = new Written(FrozenTree.of(RootRef.EMPTY), FrozenTree.of(RootRef.EMPTY));

  private void put(long id, String name, long created, Map<String, String> labels) {
    SnapshotHead head = new SnapshotHead(id, name, created, labels, 0, 0);
    catalogue.put(new Fresh(head, NOTHING, new SnapshotContents(List.of(), List.of(), io)));
  }

  private void checkpoint() {
    SnapshotCatalogue.Changes changes = catalogue.freeze();
    stored = catalogue.write(changes, ++birth);
    catalogue.use(stored, changes);
  }

  private void reopen(RootRef names) {
    RootRef ids = Objects.requireNonNull(stored.byId().ref());
    catalogue = new SnapshotCatalogue(io, hash, ids, names);
  }

  private void reopen() {
    reopen(Objects.requireNonNull(stored.byName().ref()));
  }

  private List<Long> all(SnapshotQuery query, int limit) {
    List<Long> ids = new ArrayList<>();
    long after = 0;
    do {
      SnapshotSearch.Result result = catalogue.search(query, after, limit);
      assertTrue(result.page().size() <= limit);
      assertTrue(result.next() == 0 || result.next() > after, "it goes on");
      result.page().forEach(head -> ids.add(head.id()));
      after = result.next();
    } while (after != 0);
    return ids;
  }

  private static SnapshotQuery labelled(String key, String value) {
    return new SnapshotQuery("", Map.of(key, value), List.of(), Long.MIN_VALUE, Long.MAX_VALUE);
  }

  private static SnapshotQuery between(long since, long until) {
    return new SnapshotQuery("", Map.of(), List.of(), since, until);
  }

  /** So many of four machines, a second apart; every one has a ticket of its own. */
  private void many(int count) {
    for (int id = 1; id <= count; id++) {
      String vm = "vm" + id % 4;
      put(id, vm + "-" + id, id * SECOND, Map.of("vm", vm, "ticket", "t" + id));
      if (id % 5_000 == 0) {
        checkpoint();
      }
    }
    checkpoint();
  }

  @Test
  void aSearchLooksAtWhatItFindsAndLittleMore() {
    many(MANY);
    reopen();
    SnapshotSearch.Result rare = catalogue.search(labelled("ticket", "t7777"), 0, 100);
    assertEquals(List.of(7777L), rare.page().stream().map(SnapshotHead::id).toList());
    assertTrue(rare.examined() < 20, "looked at " + rare.examined());
    SnapshotSearch.Result none = catalogue.search(labelled("ticket", "t0"), 0, 100);
    assertTrue(none.page().isEmpty() && none.examined() < 20, "looked at " + none.examined());
    SnapshotSearch.Result page = catalogue.search(labelled("vm", "vm2"), 9_000, 100);
    assertEquals(100, page.page().size());
    assertTrue(page.examined() < 130, "looked at " + page.examined());
    SnapshotQuery both =
        new SnapshotQuery(
            "", Map.of("vm", "vm1", "ticket", "t4001"), List.of(), Long.MIN_VALUE, Long.MAX_VALUE);
    SnapshotSearch.Result rarest = catalogue.search(both, 0, 100);
    assertEquals(1, rarest.page().size());
    assertTrue(rarest.examined() < 20, "looked at " + rarest.examined());
    SnapshotSearch.Result late = catalogue.search(between(18_000 * SECOND, 18_010 * SECOND), 0, 99);
    assertEquals(10, late.page().size());
    assertTrue(late.examined() <= 512, "looked at " + late.examined());
    SnapshotQuery machineAndTime =
        new SnapshotQuery(
            "",
            Map.of(),
            List.of(new SnapshotQuery.Label("vm", "vm3"), new SnapshotQuery.Label("name", "vm3")),
            18_000 * SECOND,
            18_010 * SECOND);
    SnapshotSearch.Result few = catalogue.search(machineAndTime, 0, 99);
    assertEquals(List.of(18_003L, 18_007L), few.page().stream().map(SnapshotHead::id).toList());
    assertTrue(few.examined() <= 256, "looked at " + few.examined());
  }

  @Test
  void aCheckpointWritesByWhatChangedNotByWhatThereIs() {
    many(MANY);
    long _ = nodes.written();
    for (int i = 1; i <= 10; i++) {
      put(MANY + i, "new" + i, (MANY + i) * SECOND, Map.of("vm", "vm1", "ticket", "t" + i));
    }
    checkpoint();
    long cut = nodes.written();
    // Each: the contents, and paths in the trees for its id, name and labels.
    assertTrue(cut < 10 * 20, "wrote " + cut + " nodes for ten snapshots");
    for (int i = 1; i <= 10; i++) {
      catalogue.drop(i * 1_000L);
    }
    checkpoint();
    long dropped = nodes.written();
    assertTrue(dropped < 10 * 20, "wrote " + dropped + " nodes for ten deletions");
    checkpoint();
    assertEquals(0, nodes.written(), "nothing changed");
  }

  @Test
  void aPageReadsOnlyWhatItShows() {
    many(MANY);
    assertEquals(
        List.of(15_001L, 15_002L, 15_003L),
        catalogue.list(15_000, 3).stream().map(SnapshotHead::id).toList());
    for (int id = MANY + 1; id <= MANY + 2_000; id++) {
      put(id, "fresh" + id, id * SECOND, Map.of());
    }
    catalogue.drop(MANY);
    catalogue.drop(MANY + 1);
    assertEquals(
        List.of(MANY - 1L, MANY + 2L, MANY + 3L),
        catalogue.list(MANY - 2, 3).stream().map(SnapshotHead::id).toList());
    long after = 0;
    long seen = 0;
    for (List<SnapshotHead> page = catalogue.list(0, 700);
        !page.isEmpty();
        page = catalogue.list(after, 700)) {
      seen += page.size();
      after = page.getLast().id();
    }
    assertEquals(MANY + 2_000 - 2, seen);
    assertEquals(seen, catalogue.count());
  }

  @Test
  void nothingIsHeldForWhatACheckpointWrote() {
    many(100);
    assertEquals(0, catalogue.held());
    put(101, "a", 1, Map.of());
    catalogue.drop(7);
    catalogue.amend(8, Map.of("vm", "other"), NOTHING);
    assertEquals(3, catalogue.held());
    SnapshotCatalogue.Changes changes = catalogue.freeze();
    catalogue.drop(101);
    Written written = catalogue.write(changes, ++birth);
    catalogue.use(written, changes);
    assertEquals(1, catalogue.held(), "the deletion came after it began");
    checkpoint();
    assertEquals(0, catalogue.held());
    assertEquals(List.of(8L), all(labelled("vm", "other"), 10));
  }

  @Test
  void filesLookedAtLatelyHoldNoTrees() throws InterruptedException {
    TreeIo small = new TreeIo(nodes, 0);
    catalogue = new SnapshotCatalogue(small, hash, RootRef.EMPTY, RootRef.EMPTY);
    BlockMap blocks = BlockMap.empty(small);
    for (int i = 0; i < 5_000; i++) {
      blocks.put(i, 1_000_000L + i);
    }
    SnapshotNode file =
        new SnapshotNode(
            20, 0, NOTHING, true, InodeImage.fresh(FileType.REGULAR, 0644, 0, 0, 0, 1));
    SnapshotContents contents =
        new SnapshotContents(List.of(file), List.of(blocks.freeze()), small);
    catalogue.put(new Fresh(new SnapshotHead(1, "one", 1, Map.of(), 1, 1), NOTHING, contents));
    // Nothing but what the catalogue keeps is left of the tree.
    blocks = BlockMap.empty(small);
    contents = new SnapshotContents(List.of(), List.of(), small);
    checkpoint();
    assertEquals(0, blocks.count() + contents.nodes().size());
    long read = 0;
    for (int i = 0; i < 50 && read == 0; i++) {
      System.gc();
      Thread.sleep(20);
      SnapshotContents kept = Objects.requireNonNull(catalogue.contents(1));
      long _ = nodes.read();
      assertEquals(1_000_007L, Objects.requireNonNull(kept.find(20)).blocks.get(7));
      read = nodes.read();
    }
    assertTrue(read > 0, "the tree is still in memory");
  }

  @Test
  void anOlderVersionsCatalogueIsIndexedByTheNextCheckpoint() {
    many(1_000);
    RecordTree bare = RecordTree.of(io, stored.byName());
    SnapshotIndex.clear(bare);
    assertEquals(1_000, bare.count(), "only names are left");
    reopen(bare.freeze().flush(io, ++birth));
    assertFalse(catalogue.indexed());
    assertEquals(List.of(77L), all(labelled("ticket", "t77"), 10));
    assertEquals(77, catalogue.find("vm1-77"));
    checkpoint();
    assertTrue(catalogue.indexed());
    assertEquals(List.of(77L), all(labelled("ticket", "t77"), 10));
    assertTrue(catalogue.search(labelled("ticket", "t77"), 0, 10).examined() < 10);
    assertEquals(77, catalogue.find("vm1-77"));
  }

  @Test
  void anIndexThatAnOlderVersionDidNotKeepIsNotBelieved() {
    many(500);
    RecordTree ids = RecordTree.of(io, stored.byId());
    byte[] one = Objects.requireNonNull(ids.get(500));
    assertTrue(ids.remove(3));
    ids.put(501, one);
    RootRef names = Objects.requireNonNull(stored.byName().ref());
    catalogue = new SnapshotCatalogue(io, hash, ids.freeze().flush(io, ++birth), names);
    assertFalse(catalogue.indexed(), "as many as were noted, but a higher id");
    ids.remove(501);
    catalogue = new SnapshotCatalogue(io, hash, ids.freeze().flush(io, ++birth), names);
    assertFalse(catalogue.indexed(), "fewer than were noted");
  }

  @Test
  void searchesFindWhatAModelFinds() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    TreeMap<Long, SnapshotHead> model = new TreeMap<>();
    long id = 0;
    for (int step = 0; step < 4_000; step++) {
      int dice = random.nextInt(100);
      if (dice < 70 || model.isEmpty()) {
        id += random.nextInt(20) == 0 ? random.nextInt(300_000) + 1 : random.nextInt(3) + 1;
        // The clock goes back at times.
        long created = (step + random.nextInt(400)) * SECOND;
        SnapshotHead head =
            new SnapshotHead(id, "S" + id % 97 + "-" + id, created, labels(random), 0, 0);
        put(id, head.name(), created, head.labels());
        model.put(id, head);
      } else if (dice < 80) {
        long gone = any(model, random);
        catalogue.drop(gone);
        model.remove(gone);
      } else if (dice < 88) {
        SnapshotHead old = Objects.requireNonNull(model.get(any(model, random)));
        Map<String, String> labels = labels(random);
        catalogue.amend(old.id(), labels, NOTHING);
        model.put(old.id(), new SnapshotHead(old.id(), old.name(), old.created(), labels, 0, 0));
      } else if (dice < 90) {
        checkpoint();
        if (random.nextInt(4) == 0) {
          reopen();
        }
      } else {
        SnapshotQuery query = query(random, step);
        List<Long> expected =
            model.values().stream()
                .filter(head -> query.takes(head.name(), head.created(), head.labels()))
                .map(SnapshotHead::id)
                .toList();
        assertEquals(expected, all(query, 1 + random.nextInt(50)), query + " of seed " + seed);
      }
    }
  }

  private static long any(NavigableMap<Long, SnapshotHead> model, Random random) {
    Long at = model.ceilingKey((long) (random.nextDouble() * model.lastKey()));
    return Objects.requireNonNull(at);
  }

  private static Map<String, String> labels(Random random) {
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put("vm", "vm" + random.nextInt(3));
    if (random.nextBoolean()) {
      labels.put("ticket", "t" + random.nextInt(200));
    }
    return labels;
  }

  private static SnapshotQuery query(Random random, int step) {
    long since = random.nextInt(step + 400) * SECOND;
    boolean timed = random.nextBoolean();
    List<SnapshotQuery.Label> anyOf =
        random.nextInt(3) > 0
            ? List.of()
            : List.of(
                new SnapshotQuery.Label("vm", "vm" + random.nextInt(4)),
                new SnapshotQuery.Label("ticket", "t" + random.nextInt(200)));
    return new SnapshotQuery(
        random.nextInt(4) == 0 ? "s" + random.nextInt(9) : "",
        random.nextInt(3) == 0 ? labels(random) : Map.of(),
        anyOf,
        timed ? since : Long.MIN_VALUE,
        timed && random.nextBoolean() ? since + random.nextInt(500) * SECOND : Long.MAX_VALUE);
  }
}
