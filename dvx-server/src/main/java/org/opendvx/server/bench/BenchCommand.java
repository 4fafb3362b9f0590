package org.opendvx.server.bench;

import org.opendvx.server.bench.engine.BenchOverwriteCommand;
import org.opendvx.server.bench.engine.BenchSpanCommand;
import org.opendvx.server.bench.hold.BenchHoldCommand;
import org.opendvx.server.bench.mobility.BenchMobilityCommand;
import org.opendvx.server.bench.snapshots.BenchSnapshotsCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code dvx bench}: the group of the measuring commands. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures and attacks NFSv3 servers, ours and others, and the pool.",
    subcommands = {
      BenchNfsCommand.class,
      BenchHostileCommand.class,
      BenchSummaryCommand.class,
      BenchHoldCommand.class,
      BenchMobilityCommand.class,
      BenchRebuildCommand.class,
      BenchSnapshotsCommand.class,
      BenchOverwriteCommand.class,
      BenchSpanCommand.class
    })
public final class BenchCommand implements Runnable {
  @Spec private CommandSpec spec;

  /** Used by picocli, which fills in the annotated field. */
  @SuppressWarnings("NullAway.Init")
  public BenchCommand() {}

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
