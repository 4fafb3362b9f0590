package org.opendvx.core.bench;

import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs the benchmarks of this folder; takes JMH's own arguments. From the root of the repository:
 *
 * <pre>
 * mvn -pl dvx-core test-compile exec:exec@bench -Dbench="Erasure -f 1"
 * </pre>
 */
public final class Benchmarks {
  private Benchmarks() {}

  /** Runs what the arguments select; writes target/benchmarks.json beside the table. */
  public static void main(String[] arguments) throws RunnerException, CommandLineOptionException {
    new Runner(
            new OptionsBuilder()
                .parent(new CommandLineOptions(arguments))
                .resultFormat(ResultFormatType.JSON)
                .result("target/benchmarks.json")
                .jvmArgsAppend(
                    "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED")
                .build())
        .run();
  }
}
