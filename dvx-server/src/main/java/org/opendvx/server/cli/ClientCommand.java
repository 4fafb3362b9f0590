package org.opendvx.server.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command that asks a node for something and prints what it answers. */
abstract class ClientCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private OutputOptions output;

  @ArgGroup(validate = false, heading = "%nWhich node:%n", order = 100)
  private final ConnectOptions connect = new ConnectOptions();

  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  ClientCommand() {}

  /**
   * Does it.
   *
   * @return the exit code
   */
  abstract int run(RestClient node);

  @Override
  public Integer call() {
    try (RestClient node = connect.connect(environment())) {
      return run(node);
    }
  }

  /** The data folder of a node that does not run; null when a configuration is to say it. */
  @Nullable Path dataFolder(boolean hasConfiguration) {
    return connect.dataFolder(environment(), hasConfiguration);
  }

  /** Prints a result in the form that was asked for. */
  void print(Object result, Supplier<String> table) {
    output.print(out(), result, table);
  }

  PrintWriter out() {
    return spec.commandLine().getOut();
  }

  PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** What surrounds the command. */
  Environment environment() {
    return Surroundings.of(spec);
  }

  /** Refuses what was given, as wrong usage. */
  CommandLine.ParameterException usage(String message) {
    return new CommandLine.ParameterException(spec.commandLine(), message);
  }
}
