package org.opendvx.server.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.opendvx.server.bench.hostile.HostileReport;
import org.opendvx.server.bench.hostile.HostileRun;
import org.opendvx.server.bench.hostile.HostileSettings;
import org.opendvx.server.bench.report.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dvx bench hostile}: broken and oversized RPC messages, then a check of the server. */
@Command(
    name = "hostile",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Sends broken, oversized and slow RPC messages and checks that the server still works.",
      "Only for servers and exports that hold nothing of value.",
      "Exit code 1 when the server stopped working, leaked, or took what it must refuse."
    })
public final class BenchHostileCommand implements Callable<Integer> {
  @Mixin private TargetOptions target;

  @Option(
      names = "--portmap-port",
      defaultValue = "0",
      paramLabel = "PORT",
      description = "Attack the portmapper on this port too.")
  private int portmapPort;

  @Option(
      names = "--rate",
      defaultValue = "1000",
      paramLabel = "N",
      description = "Messages a second (default ${DEFAULT-VALUE}).")
  private int rate;

  @Option(
      names = "--time",
      defaultValue = "60",
      paramLabel = "SECONDS",
      description = "How long (default ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(
      names = "--connections",
      defaultValue = "16",
      paramLabel = "N",
      description = "Connections that the messages go over (default ${DEFAULT-VALUE}).")
  private int connections;

  @Option(
      names = "--slow",
      defaultValue = "16",
      paramLabel = "N",
      description = "Connections that send a byte a second (default ${DEFAULT-VALUE}).")
  private int slow;

  @Option(
      names = "--deaf",
      defaultValue = "4",
      paramLabel = "N",
      description = "Connections that ask for much and never read (default ${DEFAULT-VALUE}).")
  private int deaf;

  @Option(
      names = "--refusal-limit",
      defaultValue = "1000",
      paramLabel = "MS",
      description = "Time to refuse a record of 2 GiB (default ${DEFAULT-VALUE}).")
  private int refusalMillis;

  @Option(
      names = "--growth-limit",
      defaultValue = "256M",
      converter = Sizes.class,
      paramLabel = "SIZE",
      description = {
        "How much the server's memory may grow after a quarter of the time",
        "(default ${DEFAULT-VALUE}; needs --server-pid)."
      })
  private long growthLimit;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Seed of the messages (default ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "TABLE",
      description = "table or json (default table).")
  private OutputFormat output;

  private CommandSpec spec;

  /** Used by picocli, which fills in the annotated fields. */
  @SuppressWarnings("NullAway.Init")
  public BenchHostileCommand() {}

  /** Used by picocli; names such as {@code randread} may be written in small letters. */
  @Spec
  void setSpec(CommandSpec given) {
    given.parser().caseInsensitiveEnumValuesAllowed(true);
    spec = given;
  }

  @Override
  public Integer call() {
    HostileSettings settings =
        new HostileSettings(
            target.target(),
            portmapPort,
            rate,
            Duration.ofSeconds(Math.clamp(seconds, 1, 86_400)),
            connections,
            Math.clamp(slow, 0, 10_000),
            Math.clamp(deaf, 0, 1000),
            Duration.ofMillis(Math.clamp(refusalMillis, 1, 60_000)),
            growthLimit,
            seed,
            target.serverPids());
    Readiness.close(Readiness.open(settings.target(), target.readyLimit()));
    HostileReport report;
    try {
      report = new HostileRun(settings).run();
    } catch (IOException e) {
      throw Readiness.failed("The attack could not be carried out", e);
    }
    spec.commandLine()
        .getOut()
        .println(output == OutputFormat.JSON ? Json.write(report) : report.render());
    spec.commandLine().getOut().flush();
    return report.problems().isEmpty() ? ExitCode.OK : ExitCode.SOFTWARE;
  }
}
