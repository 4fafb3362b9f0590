package org.opendvx.server.torture;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code dvx torture}. */
@Command(
    name = "torture",
    synopsisSubcommandLabel = "COMMAND",
    description = "Treats the engine or hosts badly, and checks that nothing is lost.",
    subcommands = {
      TortureEngineCommand.class,
      TortureHostsCommand.class,
      TortureVictimCommand.class
    })
public final class TortureCommand implements Runnable {
  @Spec private CommandSpec spec;

  /** Used by picocli, which fills in the annotated field. */
  @SuppressWarnings("NullAway.Init")
  public TortureCommand() {}

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command");
  }
}
