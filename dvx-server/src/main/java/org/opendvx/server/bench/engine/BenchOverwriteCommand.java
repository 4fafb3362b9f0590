package org.opendvx.server.bench.engine;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.bench.EngineOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures how well writing goes on in a pool that is nearly full. */
@Command(
    name = "overwrite",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Fill a new pool over six drive folders, overwrite it at random places while the cleaner makes"
          + " room, and compare the throughput of the last minutes with that of the first.",
      "Exit code 1 when it fell further than --least-ratio allows."
    })
public final class BenchOverwriteCommand implements Callable<Integer> {
  private static final int DRIVES = 6;
  private static final double MIB = 1 << 20;
  private static final double WINDOW_MINUTES = 5;
  private static final int WINDOWS = 6;
  private static final double MINUTE_NANOS = 60e9;

  @Spec private CommandSpec spec;

  @Mixin private EngineOptions options;

  @Option(
      names = "--minutes",
      defaultValue = "30",
      paramLabel = "N",
      description = "Time of overwriting (default ${DEFAULT-VALUE}).")
  private double minutes;

  @Option(
      names = "--capacity",
      defaultValue = "6GiB",
      converter = Bytes.class,
      paramLabel = "SIZE",
      description =
          "What the drives give the pool, parity and journal included (default ${DEFAULT-VALUE}).")
  private long capacity;

  @Option(
      names = "--full",
      defaultValue = "80",
      paramLabel = "PERCENT",
      description = "Share of what the pool can hold that is filled (default ${DEFAULT-VALUE}).")
  private int full;

  @Option(
      names = "--block-size",
      defaultValue = "32KiB",
      converter = Bytes.class,
      paramLabel = "SIZE",
      description = "Bytes of each write (default ${DEFAULT-VALUE}).")
  private long blockSize;

  @Option(
      names = "--queue-depth",
      defaultValue = "16",
      paramLabel = "N",
      description = "Writes at once, each answered when it is durable (default ${DEFAULT-VALUE}).")
  private int queueDepth;

  @Option(
      names = "--least-ratio",
      defaultValue = "0.6",
      paramLabel = "RATIO",
      description = "Last window over the first (default ${DEFAULT-VALUE}).")
  private double leastRatio;

  /** Used by picocli, which fills in the annotated fields. */
  @SuppressWarnings("NullAway.Init")
  public BenchOverwriteCommand() {}

  /**
   * What came of it.
   *
   * @param filledBytes live data, written once before
   * @param windowMinutes what the first and the last window last: 5, or a sixth of the time if that
   *     is less
   * @param firstMibPerSecond written by the load in the first window
   * @param ratio of the last window to the first
   * @param mibPerSecond of each sixth of the time
   * @param longestWriteMillis of any write
   * @param writtenBytes by the load
   * @param loggedBytes that this took in containers, sealed
   * @param copiedBytes live data that the cleaner wrote again
   * @param deletedBytes of containers that it deleted
   * @param writeAmplification logged and copied over written; without parity and journal
   */
  record Report(
      long filledBytes,
      double minutes,
      double windowMinutes,
      double firstMibPerSecond,
      double lastMibPerSecond,
      double ratio,
      List<Double> mibPerSecond,
      double p99WriteMillis,
      double longestWriteMillis,
      long writtenBytes,
      long loggedBytes,
      long copiedBytes,
      long deletedBytes,
      double writeAmplification) {}

  @Override
  public Integer call() throws Exception {
    if (minutes <= 0
        || full < 1
        || full > 90
        || blockSize < 512
        || blockSize > 1 << 20
        || queueDepth < 1
        || capacity < 1L << 30) {
      throw DvxException.of(Kind.INVALID, "These numbers make no measurement")
          .cause("--full is 1 to 90, --block-size 512 to 1MiB, --capacity at least 1GiB")
          .remedy("Choose others")
          .build();
    }
    PrintWriter out = spec.commandLine().getOut();
    Report report;
    try (EngineLab lab = new EngineLab(options.folder(), capacity / DRIVES)) {
      report = measure(lab);
    }
    out.println(options.print(report, lines(report)));
    out.flush();
    return report.ratio() >= leastRatio ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private Report measure(EngineLab lab) {
    int bytes = (int) blockSize;
    FileKey disk = lab.file("disk");
    long blocks = lab.capacity().usableBytes() / 100 * full / bytes;
    Load load = new Load(lab.store(), disk, bytes, queueDepth, 1, options.seed());
    tell("filling " + blocks * bytes / (1 << 20) + " MiB");
    lab.cleaner().start();
    long[] next = new long[1];
    Load.Figures _ = load.write(() -> next[0]++ * bytes, () -> next[0] == blocks);
    tell("overwriting for " + minutes + " minutes");
    SplittableRandom places = new SplittableRandom(options.seed() + 1);
    CleanerStatus before = lab.cleaner().status();
    long logged = lab.store().space().storedWritten();
    double window = Math.min(WINDOW_MINUTES, minutes / WINDOWS);
    Parts parts = new Parts(minutes, window, bytes);
    Load.Figures figures =
        load.write(
            () -> {
              parts.written();
              return places.nextLong(blocks) * bytes;
            },
            parts::ended);
    CleanerStatus after = lab.cleaner().status();
    long written = figures.operations() * bytes;
    long toLog = lab.store().space().storedWritten() - logged;
    long copied = after.writtenBytes() - before.writtenBytes();
    double first = parts.first / MIB / (window * 60);
    double last = parts.last / MIB / (window * 60);
    return new Report(
        blocks * bytes,
        minutes,
        window,
        first,
        last,
        last / first,
        parts.sixths(),
        figures.p99Micros() / 1e3,
        figures.longestMicros() / 1e3,
        written,
        toLog,
        copied,
        after.deletedBytes() - before.deletedBytes(),
        (toLog + copied) / (double) written);
  }

  /** Bytes by when they were written. Confined to the thread of the load. */
  private static final class Parts {
    private final long start = System.nanoTime();
    private final double minutes;
    private final double window;
    private final int bytes;
    private final long[] sixths = new long[WINDOWS];
    private long first;
    private long last;

    Parts(double minutes, double window, int bytes) {
      this.minutes = minutes;
      this.window = window;
      this.bytes = bytes;
    }

    private double now() {
      return (System.nanoTime() - start) / MINUTE_NANOS;
    }

    void written() {
      double now = now();
      sixths[Math.min(WINDOWS - 1, (int) (now / minutes * WINDOWS))] += bytes;
      if (now < window) {
        first += bytes;
      }
      if (now >= minutes - window) {
        last += bytes;
      }
    }

    boolean ended() {
      return now() >= minutes;
    }

    List<Double> sixths() {
      List<Double> rates = new ArrayList<>();
      for (long part : sixths) {
        rates.add(part / MIB / (minutes * 60 / WINDOWS));
      }
      return rates;
    }
  }

  private void tell(String what) {
    spec.commandLine().getErr().println(what);
    spec.commandLine().getErr().flush();
  }

  private static List<String> lines(Report report) {
    return List.of(
        String.format(
            Locale.ROOT,
            "%d MiB filled; each sixth of %.1f minutes, MiB/s: %s",
            report.filledBytes() >> 20,
            report.minutes(),
            rounded(report.mibPerSecond())),
        String.format(
            Locale.ROOT,
            "first %.1f minutes %.1f MiB/s, last %.1f minutes %.1f MiB/s: ratio %.2f",
            report.windowMinutes(),
            report.firstMibPerSecond(),
            report.windowMinutes(),
            report.lastMibPerSecond(),
            report.ratio()),
        String.format(
            Locale.ROOT,
            "a write: p99 %.0f ms, longest %.0f ms",
            report.p99WriteMillis(),
            report.longestWriteMillis()),
        String.format(
            Locale.ROOT,
            "written %d MiB, to the log %d MiB, copied by the cleaner %d MiB, deleted %d MiB:"
                + " write amplification %.2f without parity and journal",
            report.writtenBytes() >> 20,
            report.loggedBytes() >> 20,
            report.copiedBytes() >> 20,
            report.deletedBytes() >> 20,
            report.writeAmplification()));
  }

  private static List<String> rounded(List<Double> values) {
    return values.stream().map(value -> String.format(Locale.ROOT, "%.1f", value)).toList();
  }
}
