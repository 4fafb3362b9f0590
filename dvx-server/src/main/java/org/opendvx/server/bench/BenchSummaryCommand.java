package org.opendvx.server.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.opendvx.server.bench.report.Comparison;
import org.opendvx.server.bench.report.Json;
import org.opendvx.server.bench.report.LoadReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code dvx bench summary}: reports of several runs and servers side by side. */
@Command(
    name = "summary",
    mixinStandardHelpOptions = true,
    description = "Compares JSON reports of 'bench nfs': medians over runs, ratios to one server.")
public final class BenchSummaryCommand implements Callable<Integer> {
  @Parameters(arity = "1..*", paramLabel = "FILE", description = "Reports in JSON.")
  private List<Path> files;

  @Option(
      names = "--baseline",
      required = true,
      paramLabel = "NAME",
      description = "The --server-name to compare with.")
  private String baseline;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "TABLE",
      description = "table (Markdown) or json (default table).")
  private OutputFormat output;

  private CommandSpec spec;

  /** Used by picocli, which fills in the annotated fields. */
  @SuppressWarnings("NullAway.Init")
  public BenchSummaryCommand() {}

  /** Used by picocli; names such as {@code randread} may be written in small letters. */
  @Spec
  void setSpec(CommandSpec given) {
    given.parser().caseInsensitiveEnumValuesAllowed(true);
    spec = given;
  }

  @Override
  public Integer call() {
    List<LoadReport> reports = files.stream().map(Json::readLoad).toList();
    Comparison comparison = Comparison.of(reports, baseline);
    spec.commandLine()
        .getOut()
        .println(output == OutputFormat.JSON ? Json.write(comparison) : comparison.markdown());
    spec.commandLine().getOut().flush();
    return ExitCode.OK;
  }
}
