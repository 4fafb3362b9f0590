package org.opendvx.server;

import org.opendvx.core.error.DvxException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * The {@code dvx} command. Exit codes: 0 done, 1 failed, 2 wrong usage.
 *
 * <p>An error that is a {@link DvxException} is printed as its four parts on standard error.
 */
@Command(
    name = "dvx",
    mixinStandardHelpOptions = true,
    versionProvider = VersionProvider.class,
    description = "Server-powered storage for virtual machines.")
public final class Main implements Runnable {
  @Spec private CommandSpec spec;

  /** Used by picocli, which fills in the annotated field. */
  @SuppressWarnings("NullAway.Init")
  public Main() {}

  /** Runs one command and ends the JVM with its exit code. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  /** The command with all its subcommands, ready to execute. */
  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setExecutionExceptionHandler(
            (error, command, _) -> {
              if (error instanceof DvxException told) {
                command.getErr().println(told.render());
                return ExitCode.SOFTWARE;
              }
              throw error;
            });
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
