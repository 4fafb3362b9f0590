package org.opendvx.server;

import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.bench.BenchCommand;
import org.opendvx.server.bench.mobility.RehearseCommand;
import org.opendvx.server.cli.ClientCommands;
import org.opendvx.server.cli.DataKeyCommands;
import org.opendvx.server.cli.Environment;
import org.opendvx.server.cli.Surroundings;
import org.opendvx.server.config.Nearest;
import org.opendvx.server.datanode.DataNodeCommand;
import org.opendvx.server.demo.DemoCommand;
import org.opendvx.server.forward.ForwardCommand;
import org.opendvx.server.node.Parts;
import org.opendvx.server.torture.TortureCommand;
import org.opendvx.server.wiring.RealParts;
import org.opendvx.server.wiring.StoppedNode;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The {@code dvx} command. Exit codes: 0 done, 1 failed, 2 wrong usage.
 *
 * <p>An error that is a {@link DvxException} is printed as its four parts on standard error.
 */
@Command(
    name = "dvx",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = VersionProvider.class,
    description = "Server-powered storage for virtual machines.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:done", "1:failed", "2:wrong usage"})
public final class Main implements Runnable, Surroundings {
  private final Environment environment;

  @Spec private CommandSpec spec;

  /** The top of the command. */
  @SuppressWarnings("NullAway.Init") // picocli sets the annotated field
  private Main(Environment environment) {
    this.environment = environment;
  }

  /** Runs one command and ends the JVM with its exit code. */
  public static void main(String[] args) {
    System.exit(commandLine(Environment.process(), RealParts.parts()).execute(args));
  }

  /** The command with all its subcommands, ready to execute. */
  static CommandLine commandLine(Environment environment, Parts parts) {
    CommandLine dvx = new CommandLine(new Main(environment));
    dvx.addSubcommand(new ServeCommand(parts));
    dvx.addSubcommand(new DataNodeCommand());
    Parts hostParts = RealParts.hostParts(parts);
    dvx.addSubcommand(new HostCommand(hostParts));
    dvx.addSubcommand(new ForwardCommand());
    CommandLine key = new CommandLine(new KeyCommand());
    DataKeyCommands.all().forEach(key::addSubcommand);
    dvx.addSubcommand(key);
    CommandLine bench = new CommandLine(new BenchCommand());
    bench.addSubcommand(new RehearseCommand(parts, hostParts, VersionProvider.version()));
    dvx.addSubcommand(bench);
    dvx.addSubcommand(new TortureCommand());
    dvx.addSubcommand(new DemoCommand());
    ClientCommands.all(
            (config, data, progress) ->
                StoppedNode.verify(StoppedNodeOptions.settings(config, data), progress))
        .forEach(dvx::addSubcommand);
    shape(dvx);
    return dvx.setParameterExceptionHandler(Main::wrongUsage)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(
            (error, command, _) -> {
              if (error instanceof DvxException told) {
                command.getErr().println(told.render());
                command.getErr().flush();
                return told.kind() == Kind.INVALID ? ExitCode.USAGE : ExitCode.SOFTWARE;
              }
              throw error;
            });
  }

  /** Options stand in help in the order in which they matter. */
  private static void shape(CommandLine command) {
    command.getCommandSpec().usageMessage().sortOptions(false);
    command.getSubcommands().values().forEach(Main::shape);
  }

  private static int wrongUsage(ParameterException error, String[] arguments) {
    CommandLine command = error.getCommandLine();
    DvxException told =
        DvxException.of(Kind.INVALID, "The command cannot be understood")
            .cause(String.valueOf(error.getMessage()))
            .remedy(meant(error) + command.getCommandSpec().qualifiedName() + " --help shows all")
            .build();
    command.getErr().println(told.render());
    command.getErr().flush();
    return ExitCode.USAGE;
  }

  /** The command or option that was probably meant, as a question; empty when none is near. */
  private static String meant(ParameterException error) {
    if (!(error instanceof UnmatchedArgumentException unmatched)) {
      return "";
    }
    String word = unmatched.getUnmatched().getFirst();
    CommandSpec spec = error.getCommandLine().getCommandSpec();
    return Nearest.to(
            word, word.startsWith("-") ? spec.optionsMap().keySet() : spec.subcommands().keySet())
        .map(known -> "Did you mean " + known + "? ")
        .orElse("");
  }

  @Override
  public Environment environment() {
    return environment;
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
