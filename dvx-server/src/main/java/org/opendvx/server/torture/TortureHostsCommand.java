package org.opendvx.server.torture;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code dvx torture hosts}: hosts over one pool, killed, stopped and checked. */
@Command(
    name = "hosts",
    sortOptions = false,
    description = {
      "Starts a data node and hosts as processes of this machine. Clients read and write blocks"
          + " through all hosts over NFS while files move between them; in each round some hosts are"
          + " killed with SIGKILL (all but one at the most), one is stopped and goes on, is cut off"
          + " from the network or starts anew, or the data node is killed. Every read must give what was acknowledged before it began or later,"
          + " whole; after each round every block is read at every host.",
      "Beside that, each of a chain of writes over a file at each host begins when the one before"
          + " was acknowledged, and snapshots of all these files are taken all the time: none may"
          + " hold a write without those before it.",
      "The seed fixes what is done, not when threads and processes run.",
      "Exit code 1 when anything is wrong; the folder is kept then."
    },
    footer = {"", "Example: dvx torture hosts --seed 7 --rounds 20"})
final class TortureHostsCommand implements Callable<Integer> {
  private static final int FEWEST = 2;
  private static final int MOST = 8;

  @Option(names = "--seed", paramLabel = "N", description = "Default: a new one, which is printed.")
  private @Nullable Long seed;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "10",
      description = "Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--hosts",
      paramLabel = "N",
      defaultValue = "3",
      description = "2 to 8, each with 448 MiB of heap. Default: ${DEFAULT-VALUE}.")
  private int hosts;

  @Option(
      names = "--cuts",
      paramLabel = "N",
      defaultValue = "0",
      description = "More rounds, until so many snapshots were judged. Default: ${DEFAULT-VALUE}.")
  private int cuts;

  @Option(
      names = "--disturb",
      paramLabel = "WHAT",
      split = ",",
      defaultValue = "kill,most,stop,restart,cutoff,datanode",
      description = {
        "Of what the rounds choose: kill (one host, or several), most (all but one), stop (one,"
            + " which goes on), restart (one, in good order), cutoff (one off the network for"
            + " seconds; stopped where network namespaces cannot be made), datanode (killed). Default: ${DEFAULT-VALUE}."
      })
  private List<Disturbance> disturbances;

  @Option(
      names = "--folder",
      paramLabel = "FOLDER",
      description = "Where; it must be empty. Default: a new folder, removed when all is well.")
  private @Nullable Path folder;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  TortureHostsCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (hosts < FEWEST || hosts > MOST) {
      throw new ParameterException(spec.commandLine(), "--hosts is 2 to 8");
    }
    PrintWriter out = spec.commandLine().getOut();
    long used = seed == null ? new SecureRandom().nextInt(1 << 30) : seed;
    Path place =
        folder == null ? Files.createTempDirectory("dvx-torture") : folder.toAbsolutePath();
    out.printf("seed %d, %d rounds, %d hosts, in %s%n", used, rounds, hosts, place);
    out.flush();
    String violation = new HostTorture(place, hosts, used, disturbances, out).run(rounds, cuts);
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
