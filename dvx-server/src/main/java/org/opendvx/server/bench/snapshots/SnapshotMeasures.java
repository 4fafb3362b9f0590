package org.opendvx.server.bench.snapshots;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.opendvx.core.datastore.SnapshotQuery;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.datastore.Snapshots.Cut;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;
import org.opendvx.core.tree.NodeWalk;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.server.api.PruneView;
import org.opendvx.server.service.Progress;
import org.opendvx.server.service.Pruning;

/** The figures of a number of snapshots. */
final class SnapshotMeasures {
  private static final int QUERIES = 300;
  private static final int SCANS = 5;
  private static final int DELETES = 300;
  private static final int PAGE = 100;
  private static final double SECONDS = 1e9;

  private final SnapshotLab lab;
  private final int chunks;
  private final int samples;
  private final Random random;

  SnapshotMeasures(SnapshotLab lab, int chunks, int samples, long seed) {
    this.lab = lab;
    this.chunks = chunks;
    this.samples = samples;
    this.random = new Random(seed);
  }

  /**
   * Figures at a number of snapshots; latencies in microseconds.
   *
   * @param cutApplied until the call returns: all that is done by processor
   * @param cutHeld how long writes were held
   * @param cutDurable until the snapshot is durable
   * @param page a page of 100 at a random place
   * @param byName one by its whole name
   * @param byMachine the first page of a machine's
   * @param byLabel all with a label that few have
   * @param byTime the page from a random moment on
   * @param byMachineAndTime a machine's from a random moment on
   * @param byText all whose name contains a text that none has: looks at every name
   * @param delete one at a random place, until durable
   * @param heapBytes used after a collection
   * @param storedBytes in the pool, parity not counted: data, trees, documents
   */
  record Point(
      long snapshots,
      Latency cutApplied,
      Latency cutHeld,
      Latency cutDurable,
      Latency page,
      Latency byName,
      Latency byMachine,
      Latency byLabel,
      Latency byTime,
      Latency byMachineAndTime,
      Latency byText,
      Latency delete,
      long heapBytes,
      long storedBytes) {}

  /** Grows to a number and measures there. */
  Point at(long count) throws InterruptedException {
    lab.grow(count - samples, chunks);
    long[] applied = new long[samples];
    long[] held = new long[samples];
    long[] durable = new long[samples];
    for (int i = 0; i < samples; i++) {
      lab.write(chunks);
      long start = System.nanoTime();
      var future = lab.cut();
      applied[i] = System.nanoTime() - start;
      Cut cut = SnapshotLab.await(future);
      durable[i] = System.nanoTime() - start;
      held[i] = cut.heldNanos();
    }
    lab.checkpoint();
    long heap = heap();
    long stored = lab.storedBytes();
    Snapshots snapshots = lab.store().snapshots();
    List<SnapshotInfo> known = sample(snapshots);
    return new Point(
        snapshots.count(),
        Latency.of(applied),
        Latency.of(held),
        Latency.of(durable),
        Latency.measure(QUERIES, _ -> use(snapshots.list(any(known).id() - 1, PAGE))),
        Latency.measure(QUERIES, _ -> use(snapshots.find(any(known).name()).stream().toList())),
        Latency.measure(QUERIES, i -> found(machine(i, false, known), 0)),
        Latency.measure(
            QUERIES,
            _ ->
                all(
                    new SnapshotQuery(
                        "",
                        Map.of("ticket", label(any(known))),
                        List.of(),
                        Long.MIN_VALUE,
                        Long.MAX_VALUE))),
        Latency.measure(QUERIES, _ -> found(since("", any(known)), 0)),
        Latency.measure(QUERIES, i -> found(machine(i, true, known), 0)),
        Latency.measure(SCANS, _ -> all(text("nobody has this"))),
        deletes(known),
        heap,
        stored);
  }

  /** Some of them, evenly. */
  private List<SnapshotInfo> sample(Snapshots snapshots) {
    List<SnapshotInfo> known = new ArrayList<>();
    long step = Math.max(1, lab.taken() / (2L * DELETES));
    for (long id = 0; id < lab.taken(); id += step) {
      known.addAll(snapshots.list(id, 1));
    }
    return known;
  }

  private SnapshotInfo any(List<SnapshotInfo> known) {
    return known.get(random.nextInt(known.size()));
  }

  private static String label(SnapshotInfo info) {
    return info.labels().getOrDefault("ticket", "");
  }

  private SnapshotQuery machine(int number, boolean timed, List<SnapshotInfo> known) {
    String name = lab.machine(number);
    return timed
        ? since(name, any(known))
        : new SnapshotQuery(
            "", Map.of(), RestorePoint.labelsOf(name), Long.MIN_VALUE, Long.MAX_VALUE);
  }

  private static SnapshotQuery since(String machine, SnapshotInfo info) {
    return new SnapshotQuery(
        "",
        Map.of(),
        machine.isEmpty() ? List.of() : RestorePoint.labelsOf(machine),
        info.createdNanos(),
        Long.MAX_VALUE);
  }

  private static SnapshotQuery text(String text) {
    return new SnapshotQuery(text, Map.of(), List.of(), Long.MIN_VALUE, Long.MAX_VALUE);
  }

  private long found(SnapshotQuery query, long after) {
    Snapshots.Found found = lab.store().snapshots().search(query, after, PAGE);
    use(found.page());
    return found.next();
  }

  private void all(SnapshotQuery query) {
    long after = 0;
    do {
      after = found(query, after);
    } while (after != 0);
  }

  private static void use(List<SnapshotInfo> page) {
    if (page.size() > Snapshots.MAX_PAGE) {
      throw new IllegalStateException("a page of " + page.size());
    }
  }

  private Latency deletes(List<SnapshotInfo> known) {
    int count = Math.min(DELETES, known.size() / 2);
    return Latency.measure(
        count,
        i -> {
          Object _ =
              SnapshotLab.await(
                  lab.store().snapshots().delete(known.get(2 * i).id()).thenApply(_ -> true));
        });
  }

  private static long heap() throws InterruptedException {
    Runtime runtime = Runtime.getRuntime();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      System.gc();
      Thread.sleep(100);
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }

  /** Heap in use now. */
  long heapNow() throws InterruptedException {
    return heap();
  }

  /**
   * What retention did.
   *
   * @param deleted snapshots
   */
  record Retired(int deleted, double seconds) {}

  /** Deletes the oldest. */
  Retired retire(int count) {
    Snapshots snapshots = lab.store().snapshots();
    long after = 0;
    List<SnapshotInfo> page = List.of();
    for (int left = count; left > 0; left -= page.size()) {
      page = snapshots.list(after, Math.min(left, Snapshots.MAX_PAGE));
      if (page.isEmpty()) {
        break;
      }
      after = page.getLast().id();
    }
    long until = page.isEmpty() ? 0 : page.getLast().createdNanos() + 1;
    long start = System.nanoTime();
    PruneView done =
        new Pruning(snapshots)
            .run(
                new SnapshotQuery("", Map.of(), List.of(), Long.MIN_VALUE, until),
                0,
                false,
                Progress.NONE);
    return new Retired(done.deleted(), (System.nanoTime() - start) / SECONDS);
  }

  /**
   * A walk over all that is alive, as the cleaner makes it.
   *
   * @param nodes that were looked at
   */
  record Walk(long nodes, double seconds) {}

  /** Walks what is younger than a checkpoint; 0 for everything. */
  Walk walk(long olderThan) {
    Set<Long> seen = new HashSet<>();
    long start = System.nanoTime();
    lab.store()
        .reclaim()
        .walk(
            new NodeWalk.Visitor() {
              @Override
              public boolean node(long address, long birth) {
                return birth > olderThan && seen.add(address);
              }

              @Override
              public void chunks(long[] addresses, int count) {}
            });
    return new Walk(seen.size(), (System.nanoTime() - start) / SECONDS);
  }
}
