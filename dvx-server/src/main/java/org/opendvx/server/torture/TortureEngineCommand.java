package org.opendvx.server.torture;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.config.ByteSize;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code dvx torture engine}: random work beside the cleaner, SIGKILL, check; again and again. */
@Command(
    name = "engine",
    sortOptions = false,
    description = {
      "Runs the engine with its cleaner in a process of its own on six folders, under random writes,"
          + " truncations, deletions, snapshots and clones by four clients; kills it with SIGKILL;"
          + " opens what is left, compares every byte of every file and snapshot with a model, cleans"
          + " all that can be cleaned, compares again, scrubs, and verifies all that is stored.",
      "Meanwhile the drives do what --faults says: at most two of them fail or lie in a round; all"
          + " of them may be full or lose their power. What is left is opened on such drives too, and"
          + " dies there, before it is opened on sound ones.",
      "The seed fixes what is done, not when threads run or the kill meets them.",
      "Exit code 1 when anything differs; the folder is kept then."
    },
    footer = {"", "Example: dvx torture engine --seed 7 --rounds 100"})
final class TortureEngineCommand implements Callable<Integer> {
  /** Clients at work at the same time. */
  static final int CLIENTS = 4;

  @Option(names = "--seed", paramLabel = "N", description = "Default: a new one, which is printed.")
  private @Nullable Long seed;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "20",
      description = "Kills. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--faults",
      paramLabel = "KINDS",
      description = {
        "What happens, some of it in each round: kill (SIGKILL), ioerror (reads, writes, fsyncs"
            + " fail), torn (part of a write is there, and it fails), lostwrite (an fsync fails and"
            + " what it was to keep is lost), flip (bits flip at rest), full (file systems are full"
            + " for a time), powercut (what was not forced is lost, all or in part). Default: all."
      })
  private @Nullable String faults;

  @Option(
      names = "--folder",
      paramLabel = "FOLDER",
      description = "Where; it must be empty. Default: a new folder, removed when all is well.")
  private @Nullable Path folder;

  @Option(
      names = "--capacity",
      paramLabel = "SIZE",
      defaultValue = "96MiB",
      description =
          "Of each of the six drives; small ones are full now and then. Default: ${DEFAULT-VALUE}.")
  private String capacity;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  TortureEngineCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    Set<FaultKind> kinds;
    try {
      kinds = faults == null ? FaultKind.all() : FaultKind.parse(faults);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--faults: " + e.getMessage(), e);
    }
    long used = seed == null ? new SecureRandom().nextInt(1 << 30) : seed;
    Path place =
        folder == null ? Files.createTempDirectory("dvx-torture") : Files.createDirectories(folder);
    out.printf("seed %d, %d rounds of %s, in %s%n", used, rounds, FaultKind.words(kinds), place);
    out.flush();
    String violation =
        new EngineTorture(place, ByteSize.parse(capacity).bytes(), used, kinds, out).run(rounds);
    if (!violation.isEmpty()) {
      out.printf("VIOLATION: %s%nseed %d; everything is kept in %s%n", violation, used, place);
      out.flush();
      return ExitCode.SOFTWARE;
    }
    if (folder == null) {
      Folders.delete(place);
    }
    out.printf("%d rounds, no violation%n", rounds);
    out.flush();
    return ExitCode.OK;
  }
}
