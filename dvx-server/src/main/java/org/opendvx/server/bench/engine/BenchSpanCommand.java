package org.opendvx.server.bench.engine;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.bench.EngineOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures whether speed holds beyond the caches, with many snapshots, and beside the cleaner. */
@Command(
    name = "span",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Measure random reads and writes of a disk that fits in memory, then of one that does not: a"
          + " large span of which a part is written, evenly spread; then with many snapshots of it,"
          + " and then beside the cleaner. In an engine of its own over six drive folders.",
      "Reads choose blocks that are written; writes choose such blocks too."
    })
public final class BenchSpanCommand implements Callable<Integer> {
  private static final long DRIVE_BYTES = 1L << 40;
  private static final int TOGETHER = 64;
  private static final long LIMIT_SECONDS = 600;

  @Spec private CommandSpec spec;

  @Mixin private EngineOptions options;

  @Option(
      names = "--small",
      defaultValue = "128MiB",
      converter = Bytes.class,
      paramLabel = "SIZE",
      description = "Size of the disk that fits in memory (default ${DEFAULT-VALUE}).")
  private long small;

  @Option(
      names = "--span",
      defaultValue = "200GiB",
      converter = Bytes.class,
      paramLabel = "SIZE",
      description = "Size of the other one (default ${DEFAULT-VALUE}).")
  private long span;

  @Option(
      names = "--written",
      defaultValue = "20GiB",
      converter = Bytes.class,
      paramLabel = "SIZE",
      description = "What of that is written (default ${DEFAULT-VALUE}).")
  private long written;

  @Option(
      names = "--extent",
      defaultValue = "4KiB",
      converter = Bytes.class,
      paramLabel = "SIZE",
      description = "Bytes written in one piece to fill it (default ${DEFAULT-VALUE}).")
  private long extent;

  @Option(
      names = "--snapshots",
      defaultValue = "100000",
      paramLabel = "N",
      description = "Snapshots, with a write of a block before each (default ${DEFAULT-VALUE}).")
  private int snapshots;

  @Option(
      names = "--block-size",
      defaultValue = "4KiB",
      converter = Bytes.class,
      paramLabel = "SIZE",
      description = "Bytes of each operation (default ${DEFAULT-VALUE}).")
  private long blockSize;

  @Option(
      names = "--queue-depth",
      defaultValue = "32",
      paramLabel = "N",
      description = "Operations at once (default ${DEFAULT-VALUE}).")
  private int queueDepth;

  @Option(
      names = "--compressibility",
      defaultValue = "2",
      paramLabel = "RATIO",
      description = "Of what is written (default ${DEFAULT-VALUE}).")
  private double compressibility;

  @Option(
      names = "--seconds",
      defaultValue = "20",
      paramLabel = "N",
      description =
          "Time of each load; a half before it is not counted (default ${DEFAULT-VALUE}).")
  private double seconds;

  /** Used by picocli, which fills in the annotated fields. */
  @SuppressWarnings("NullAway.Init")
  public BenchSpanCommand() {}

  /**
   * One state of the pool.
   *
   * @param readRatio reads a second over those of the first state
   * @param readProcessorRatio processor time of a read over that in the first state
   */
  record Row(
      String state,
      Load.Figures reads,
      Load.Figures writes,
      double readRatio,
      double readProcessorRatio,
      double writeRatio,
      double writeProcessorRatio) {}

  /**
   * All figures.
   *
   * @param cleanedBytes deleted by the cleaner while the last row was measured
   */
  record Report(List<Row> rows, double fillSeconds, double snapshotSeconds, long cleanedBytes) {}

  @Override
  public Integer call() throws Exception {
    if (blockSize < 4096
        || blockSize > 1 << 20
        || extent % blockSize != 0
        || extent > 1 << 20
        || small < extent
        || written < extent
        || span < written
        || queueDepth < 1
        || compressibility < 1
        || snapshots < 0
        || seconds <= 0) {
      throw DvxException.of(Kind.INVALID, "These numbers make no measurement")
          .cause(
              "--block-size is 4KiB to 1MiB, --extent a multiple of it up to 1MiB, --written is"
                  + " at least an extent and at most --span")
          .remedy("Choose others")
          .build();
    }
    PrintWriter out = spec.commandLine().getOut();
    Report report;
    try (EngineLab lab = new EngineLab(options.folder(), DRIVE_BYTES)) {
      report = measure(lab);
    }
    out.println(options.print(report, lines(report)));
    out.flush();
    return 0;
  }

  private Report measure(EngineLab lab) throws InterruptedException {
    List<Row> rows = new ArrayList<>();
    Disk little = new Disk(lab, "small", small, small);
    double _ = little.fill();
    rows.add(row("in memory", little, rows));
    Disk large = new Disk(lab, "large", span, written);
    tell("filling");
    double fillSeconds = large.fill();
    rows.add(row("beyond the caches", large, rows));
    double snapshotSeconds = 0;
    if (snapshots > 0) {
      tell("taking " + snapshots + " snapshots");
      snapshotSeconds = large.snapshots(snapshots);
      rows.add(row("with snapshots", large, rows));
    }
    tell("with the cleaner");
    lab.store().reclaim().checkpoint(Duration.ofSeconds(LIMIT_SECONDS));
    CleanerStatus before = lab.cleaner().status();
    lab.cleaner().start();
    rows.add(row("beside the cleaner", large, rows));
    CleanerStatus after = lab.cleaner().status();
    return new Report(
        rows, fillSeconds, snapshotSeconds, after.deletedBytes() - before.deletedBytes());
  }

  private Row row(String state, Disk disk, List<Row> before) {
    tell("measuring: " + state);
    Load.Figures _ = disk.reads(seconds / 2);
    Load.Figures reads = disk.reads(seconds);
    Load.Figures _ = disk.writes(seconds / 2);
    Load.Figures writes = disk.writes(seconds);
    Row first = before.isEmpty() ? null : before.getFirst();
    return first == null
        ? new Row(state, reads, writes, 1, 1, 1, 1)
        : new Row(
            state,
            reads,
            writes,
            reads.perSecond() / first.reads().perSecond(),
            reads.processorMicros() / first.reads().processorMicros(),
            writes.perSecond() / first.writes().perSecond(),
            writes.processorMicros() / first.writes().processorMicros());
  }

  /** A file of which a part is written, evenly spread. */
  private final class Disk {
    private final EngineLab lab;
    private final FileKey file;
    private final long extents;
    private final long stride;
    private final long modulus;
    private final Load load;
    private final SplittableRandom random = new SplittableRandom(options.seed() + 1);

    Disk(EngineLab lab, String name, long size, long filled) {
      this.lab = lab;
      this.file = lab.file(name);
      this.modulus = size / extent;
      this.extents = filled / extent;
      this.stride = coprime(modulus);
      this.load =
          new Load(lab.store(), file, (int) blockSize, queueDepth, compressibility, options.seed());
    }

    /** A step that meets every number below the modulus once, and neighbours late. */
    private static long coprime(long modulus) {
      long step = Math.max(1, (long) (modulus * 0.6180339887));
      while (gcd(step, modulus) != 1) {
        step++;
      }
      return step;
    }

    private static long gcd(long a, long b) {
      return b == 0 ? a : gcd(b, a % b);
    }

    /** Where the extent of a number is. */
    private long place(long number) {
      // Both are below 2^28 for spans up to a TiB in extents of 4 KiB.
      return Math.multiplyExact(number, stride) % modulus * extent;
    }

    double fill() {
      Load filler =
          new Load(lab.store(), file, (int) extent, queueDepth, compressibility, options.seed());
      long[] next = new long[1];
      return filler.write(() -> place(next[0]++), () -> next[0] == extents).seconds();
    }

    private LongSupplier anyBlock() {
      long blocks = extent / blockSize;
      return () -> place(random.nextLong(extents)) + random.nextLong(blocks) * blockSize;
    }

    Load.Figures reads(double time) {
      return load.read(anyBlock(), after(time));
    }

    Load.Figures writes(double time) {
      return load.write(anyBlock(), after(time));
    }

    double snapshots(int number) {
      long start = System.nanoTime();
      LongSupplier places = anyBlock();
      Deque<CompletableFuture<?>> waiting = new ArrayDeque<>();
      for (int i = 0; i < number; i++) {
        int count = i;
        boolean[] done = new boolean[1];
        Load.Figures _ =
            load.write(
                places,
                () -> {
                  boolean was = done[0];
                  done[0] = true;
                  return was;
                });
        waiting.add(
            lab.store()
                .snapshots()
                .cut(new CutRequest("s" + count, List.of(file), Map.of(), new byte[0])));
        if (waiting.size() > TOGETHER) {
          await(waiting.remove());
        }
      }
      waiting.forEach(BenchSpanCommand::await);
      return (System.nanoTime() - start) / 1e9;
    }
  }

  private static void await(CompletableFuture<?> future) {
    Object _ = future.orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join();
  }

  private static BooleanSupplier after(double time) {
    long end = System.nanoTime() + (long) (time * 1e9);
    return () -> System.nanoTime() - end >= 0;
  }

  private void tell(String what) {
    spec.commandLine().getErr().println(what);
    spec.commandLine().getErr().flush();
  }

  private static List<String> lines(Report report) {
    List<String> lines = new ArrayList<>();
    for (Row row : report.rows()) {
      lines.add(row.state());
      lines.add(line("reads ", row.reads(), row.readRatio(), row.readProcessorRatio()));
      lines.add(line("writes", row.writes(), row.writeRatio(), row.writeProcessorRatio()));
    }
    lines.add(
        String.format(
            Locale.ROOT,
            "filled in %.0f s, snapshots in %.0f s; the cleaner deleted %d MiB meanwhile",
            report.fillSeconds(),
            report.snapshotSeconds(),
            report.cleanedBytes() >> 20));
    return lines;
  }

  private static String line(String what, Load.Figures figures, double ratio, double processor) {
    return String.format(
        Locale.ROOT,
        "  %s %8.0f/s (%.2fx), %6.1f us of the processor each (%.2fx), p50 %.0f, p99 %.0f,"
            + " longest %.0f us",
        what,
        figures.perSecond(),
        ratio,
        figures.processorMicros(),
        processor,
        figures.p50Micros(),
        figures.p99Micros(),
        figures.longestMicros());
  }
}
