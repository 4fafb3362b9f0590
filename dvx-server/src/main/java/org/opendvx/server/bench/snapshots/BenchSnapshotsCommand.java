package org.opendvx.server.bench.snapshots;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.bench.EngineOptions;
import org.opendvx.server.bench.snapshots.SnapshotMeasures.Point;
import org.opendvx.server.bench.snapshots.SnapshotMeasures.Retired;
import org.opendvx.server.bench.snapshots.SnapshotMeasures.Walk;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures whether snapshots cost the same however many there are. */
@Command(
    name = "snapshots",
    mixinStandardHelpOptions = true,
    description =
        "Take very many snapshots of a few machines that write between them, in an engine of its"
            + " own over drive folders, and measure at several numbers what a cut, a page, a search"
            + " and a deletion take; then retention, the cleaner's walk, memory and restarts.")
public final class BenchSnapshotsCommand implements Callable<Integer> {
  private static final int FIRST = 1_000;
  private static final int SECOND = 100_000;
  private static final int LEAST = 100;
  private static final int WARM_UP = 10_000;

  @Spec private CommandSpec spec;

  @Mixin private EngineOptions options;

  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "300000",
      description = "Snapshots at the end. Default: ${DEFAULT-VALUE}.")
  private int count;

  @Option(
      names = "--machines",
      paramLabel = "N",
      defaultValue = "4",
      description = "Machines, each with a disk of 256 MiB. Default: ${DEFAULT-VALUE}.")
  private int machines;

  @Option(
      names = "--writes",
      paramLabel = "N",
      defaultValue = "1",
      description = "Random writes of 4 KiB before each cut. Default: ${DEFAULT-VALUE}.")
  private int writes;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "900",
      description = "Cuts that are measured at each number. Default: ${DEFAULT-VALUE}.")
  private int samples;

  @Option(
      names = "--retire",
      paramLabel = "N",
      defaultValue = "5000",
      description =
          "Oldest snapshots that retention deletes at the end. Default: ${DEFAULT-VALUE}.")
  private int retire;

  /** Used by picocli, which fills in the annotated fields. */
  @SuppressWarnings("NullAway.Init")
  public BenchSnapshotsCommand() {}

  /**
   * All figures.
   *
   * @param cutRatio the median of a cut at the last number over that at the first
   * @param heapPerSnapshot bytes of heap that each snapshot beyond the first number added, caches
   *     included
   * @param walkAll of the cleaner over everything
   * @param walkNew of the cleaner past what is older than the last 100 snapshots
   * @param restartSeconds after a clean stop
   * @param recoverySeconds after a stop without a checkpoint
   */
  record Report(
      List<Point> points,
      double cutRatio,
      double heapPerSnapshot,
      Retired retired,
      Walk walkAll,
      Walk walkNew,
      double restartSeconds,
      long heapAfterRestart,
      double recoverySeconds) {}

  @Override
  public Integer call() throws Exception {
    if (count < 2 * samples || samples < LEAST || machines < 1 || writes < 0 || retire < 1) {
      throw DvxException.of(Kind.INVALID, "These numbers make no measurement")
          .cause("--samples is at least " + LEAST + ", --count twice as much")
          .remedy("Choose others")
          .build();
    }
    PrintWriter out = spec.commandLine().getOut();
    Path root = Files.createTempDirectory(Files.createDirectories(options.folder()), "snapshots");
    try {
      Report report = measure(root);
      out.println(options.print(report, lines(report)));
      out.flush();
    } finally {
      remove(root);
    }
    return 0;
  }

  private Report measure(Path root) throws IOException, InterruptedException {
    tell("a first round that is not counted, so that everything is compiled");
    try (SnapshotLab lab = new SnapshotLab(root.resolve("first"), machines, options.seed())) {
      Point _ = new SnapshotMeasures(lab, writes, samples, options.seed()).at(WARM_UP);
    }
    try (SnapshotLab lab = new SnapshotLab(root.resolve("pool"), machines, options.seed())) {
      SnapshotMeasures measures = new SnapshotMeasures(lab, writes, samples, options.seed());
      List<Point> points = new ArrayList<>();
      for (int number : List.of(Math.max(FIRST, samples), SECOND, count)) {
        if (number <= count) {
          tell("to " + number + " snapshots");
          points.add(measures.at(number));
        }
      }
      Point first = points.getFirst();
      Point last = points.getLast();
      tell("the cleaner's walk");
      lab.checkpoint();
      Walk all = measures.walk(0);
      long checkpoint = lab.store().reclaim().checkpointNumber();
      lab.grow(lab.store().snapshots().count() + LEAST, writes);
      lab.checkpoint();
      Walk fresh = measures.walk(checkpoint);
      tell("retention");
      Retired retired = measures.retire(retire);
      tell("restarts");
      double restart = lab.restart(true);
      long heap = measures.heapNow();
      lab.grow(lab.store().snapshots().count() + LEAST, writes);
      double recovery = lab.restart(false);
      return new Report(
          points,
          last.cutApplied().p50() / first.cutApplied().p50(),
          (last.heapBytes() - first.heapBytes())
              / (double) Math.max(1, last.snapshots() - first.snapshots()),
          retired,
          all,
          fresh,
          restart,
          heap,
          recovery);
    }
  }

  private void tell(String what) {
    PrintWriter err = spec.commandLine().getErr();
    err.println("... " + what);
    err.flush();
  }

  private static List<String> lines(Report report) {
    List<String> lines = new ArrayList<>();
    for (Point point : report.points()) {
      lines.add(point.snapshots() + " snapshots, p50 / p99 in microseconds:");
      line(lines, "cut, until applied", point.cutApplied());
      line(lines, "cut, writes held", point.cutHeld());
      line(lines, "cut, until durable", point.cutDurable());
      line(lines, "page of 100", point.page());
      line(lines, "by name", point.byName());
      line(lines, "by machine", point.byMachine());
      line(lines, "by label", point.byLabel());
      line(lines, "by time", point.byTime());
      line(lines, "by machine and time", point.byMachineAndTime());
      line(lines, "by text in the name, all", point.byText());
      line(lines, "delete, until durable", point.delete());
      lines.add("  heap " + point.heapBytes() + ", stored " + point.storedBytes() + " bytes");
    }
    lines.add(String.format(Locale.ROOT, "cut, last over first: %.2f", report.cutRatio()));
    lines.add(String.format(Locale.ROOT, "heap a snapshot: %.0f bytes", report.heapPerSnapshot()));
    lines.add(
        String.format(
            Locale.ROOT,
            "%d deleted by retention in %.2f s",
            report.retired().deleted(),
            report.retired().seconds()));
    walk(lines, "everything", report.walkAll());
    walk(lines, "what the last " + LEAST + " snapshots brought", report.walkNew());
    lines.add(
        String.format(
            Locale.ROOT,
            "restart %.2f s, heap %d bytes; after a crash %.2f s",
            report.restartSeconds(),
            report.heapAfterRestart(),
            report.recoverySeconds()));
    return lines;
  }

  private static void walk(List<String> lines, String what, Walk walk) {
    lines.add(
        String.format(
            Locale.ROOT, "walk over %s: %d nodes, %.2f s", what, walk.nodes(), walk.seconds()));
  }

  private static void line(List<String> lines, String what, Latency latency) {
    lines.add(
        String.format(Locale.ROOT, "  %-26s %10.1f / %10.1f", what, latency.p50(), latency.p99()));
  }

  private static void remove(Path root) throws IOException {
    try (var files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
