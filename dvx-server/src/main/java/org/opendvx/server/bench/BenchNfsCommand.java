package org.opendvx.server.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.bench.ledger.Span;
import org.opendvx.server.bench.load.DisconnectPolicy;
import org.opendvx.server.bench.load.LoadMode;
import org.opendvx.server.bench.load.LoadSettings;
import org.opendvx.server.bench.load.Stability;
import org.opendvx.server.bench.pattern.PatternSettings;
import org.opendvx.server.bench.report.Json;
import org.opendvx.server.bench.report.LoadReport;
import org.opendvx.server.bench.report.LoadTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dvx bench nfs}: one load on one NFSv3 server. */
@Command(
    name = "nfs",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Loads any NFSv3 server over plain sockets and checks every block.",
      "Exit code 1 when a call failed or a block was not what it should be."
    })
public final class BenchNfsCommand implements Callable<Integer> {
  @Mixin private TargetOptions target;

  @Option(
      names = "--directory",
      defaultValue = "/",
      description = "Directory below the export for the files (default ${DEFAULT-VALUE}).")
  private String directory;

  @Option(
      names = "--mode",
      defaultValue = "RANDREAD",
      description = "randread, randwrite, seqread, seqwrite or mixed (default randread).")
  private LoadMode mode;

  @Option(
      names = "--read-percent",
      defaultValue = "70",
      paramLabel = "N",
      description = "Share of reads of a mixed load (default ${DEFAULT-VALUE}).")
  private int readPercent;

  @Option(
      names = "--block-size",
      defaultValue = "4k",
      converter = Sizes.class,
      paramLabel = "SIZE",
      description = "Bytes of each READ and WRITE (default ${DEFAULT-VALUE}).")
  private long blockSize;

  @Option(
      names = "--queue-depth",
      defaultValue = "32",
      paramLabel = "N",
      description = "Calls open on each connection (default ${DEFAULT-VALUE}).")
  private int queueDepth;

  @Option(
      names = "--connections",
      defaultValue = "1",
      paramLabel = "N",
      description = "TCP connections (default ${DEFAULT-VALUE}).")
  private int connections;

  @Option(
      names = "--stable",
      defaultValue = "FILE_SYNC",
      description = "unstable, data_sync or file_sync (default file_sync).")
  private Stability stable;

  @Option(
      names = "--commit-every",
      defaultValue = "64M",
      converter = Sizes.class,
      paramLabel = "SIZE",
      description = "UNSTABLE data of a file between COMMITs (default ${DEFAULT-VALUE}).")
  private long commitBytes;

  @Option(
      names = "--size",
      defaultValue = "1G",
      converter = Sizes.class,
      paramLabel = "SIZE",
      description = "Size of each file (default ${DEFAULT-VALUE}).")
  private long size;

  @Option(
      names = "--files",
      defaultValue = "1",
      paramLabel = "N",
      description = "Files (default ${DEFAULT-VALUE}).")
  private int files;

  @Option(
      names = "--time",
      defaultValue = "10",
      paramLabel = "SECONDS",
      description = "Measured time (default ${DEFAULT-VALUE}).")
  private double seconds;

  @Option(
      names = "--warm-up",
      defaultValue = "2",
      paramLabel = "SECONDS",
      description = "Time before it (default ${DEFAULT-VALUE}).")
  private double warmUpSeconds;

  @Option(names = "--prefill", description = "Write every block first.")
  private boolean prefill;

  @Option(names = "--verify", description = "Read every block back at the end and check it.")
  private boolean verify;

  @Option(names = "--no-check-reads", description = "Do not check the blocks that a load reads.")
  private boolean uncheckedReads;

  @Option(names = "--remove", description = "Remove the files at the end.")
  private boolean remove;

  @Option(
      names = "--compressibility",
      defaultValue = "2.0",
      paramLabel = "RATIO",
      description = "LZ4 ratio of each written 4 KiB, 1 to 6 (default ${DEFAULT-VALUE}).")
  private double compressibility;

  @Option(
      names = "--duplicate-percent",
      defaultValue = "0",
      paramLabel = "N",
      description = "Share of written 4 KiB that repeat others (default ${DEFAULT-VALUE}).")
  private int duplicatePercent;

  @Option(
      names = "--duplicate-pool",
      defaultValue = "1000",
      paramLabel = "N",
      description = "How many different ones they repeat (default ${DEFAULT-VALUE}).")
  private int duplicatePool;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Seed of content and order (default ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--ack-log",
      paramLabel = "FILE",
      description = "Record what was acknowledged; goes on with a file that is there.")
  private @Nullable Path ackLog;

  @Option(
      names = "--check-acks",
      paramLabel = "FILE",
      description = "Run no load: check that everything in this record is there.")
  private @Nullable Path checkAcks;

  @Option(
      names = "--on-disconnect",
      defaultValue = "FAIL",
      description = "fail, reconnect, or check: wait for the server and check (default fail).")
  private DisconnectPolicy onDisconnect;

  @Option(names = "--reconnect", description = "The same as --on-disconnect reconnect.")
  private boolean reconnect;

  @Option(
      names = "--outage-limit",
      defaultValue = "60",
      paramLabel = "SECONDS",
      description = "Longest time to wait for a server that went away (default ${DEFAULT-VALUE}).")
  private int outageSeconds;

  @Option(
      names = "--error-limit",
      defaultValue = "100",
      paramLabel = "N",
      description = "Failed calls after which the load ends (default ${DEFAULT-VALUE}).")
  private int errorLimit;

  @Option(
      names = "--server-name",
      defaultValue = "server",
      description = "What to call the server in comparisons.")
  private String serverName;

  @Option(names = "--label", defaultValue = "", description = "What to call the load in them.")
  private String label;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "TABLE",
      description = "table or json (default table).")
  private OutputFormat output;

  private CommandSpec spec;

  /** Used by picocli, which fills in the annotated fields. */
  @SuppressWarnings("NullAway.Init")
  public BenchNfsCommand() {}

  /** Used by picocli; names such as {@code randread} may be written in small letters. */
  @Spec
  void setSpec(CommandSpec given) {
    given.parser().caseInsensitiveEnumValuesAllowed(true);
    spec = given;
  }

  @Override
  public Integer call() {
    Progress progress = new Progress(spec.commandLine().getErr(), Progress.onTerminal());
    NfsBench.Plan plan = plan();
    LoadReport report =
        checkAcks == null
            ? new NfsBench(plan, progress).run()
            : NfsBench.check(plan, checkAcks, progress);
    spec.commandLine()
        .getOut()
        .println(output == OutputFormat.JSON ? Json.write(report) : LoadTable.render(report));
    spec.commandLine().getOut().flush();
    return report.isGood() ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private NfsBench.Plan plan() {
    PatternSettings pattern =
        new PatternSettings(
            seed,
            PatternSettings.unitFor(Math.toIntExact(Math.min(blockSize, Integer.MAX_VALUE))),
            compressibility,
            duplicatePercent,
            duplicatePool);
    Span span = new Span(files, size, (int) blockSize);
    LoadSettings settings =
        new LoadSettings(
            mode,
            span,
            queueDepth,
            connections,
            readPercent,
            stable,
            commitBytes,
            seconds(warmUpSeconds),
            seconds(seconds),
            target.callLimit(),
            Duration.ofSeconds(Math.clamp(outageSeconds, 1, 3600)),
            reconnect ? DisconnectPolicy.RECONNECT : onDisconnect,
            !uncheckedReads,
            errorLimit,
            seed);
    return new NfsBench.Plan(
        target.target(),
        directory,
        settings,
        pattern,
        prefill,
        verify || settings.onDisconnect() == DisconnectPolicy.CHECK,
        remove,
        ackLog,
        target.readyLimit(),
        new ReportBuilder.Naming(serverName, labelOr(), target.serverPids()));
  }

  private String labelOr() {
    if (!label.isEmpty()) {
      return label;
    }
    return String.join(
        " ",
        List.of(
            blockSize % 1024 == 0 ? blockSize / 1024 + "k" : blockSize + "",
            mode.name().toLowerCase(Locale.ROOT),
            "qd" + queueDepth));
  }

  private static Duration seconds(double value) {
    if (!(value >= 0 && value <= 1e7)) {
      throw DvxException.of(Kind.INVALID, "A time of " + value + " seconds is not possible")
          .remedy("Choose 0 to 10000000")
          .build();
    }
    return Duration.ofMillis(Math.round(value * 1000));
  }
}
