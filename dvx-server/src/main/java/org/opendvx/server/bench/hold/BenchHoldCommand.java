package org.opendvx.server.bench.hold;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.VmSnapshots;
import org.opendvx.server.bench.report.Json;
import org.opendvx.server.guest.GuestFileSystem;
import org.opendvx.server.guest.LinuxGuest;
import org.opendvx.server.guest.RecordWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dvx bench hold}. */
@Command(
    name = "hold",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Measures how long a guest's writes are held for a snapshot: the real Linux agent, an ext4"
          + " and an xfs file system of this machine's kernel with their disks on a datastore over"
          + " NFS, one synced writer on each.",
      "Needs root, /dev/fuse, loop devices and the source tree. Only file systems that it makes"
          + " itself are frozen."
    },
    footer = {"", "Example: dvx bench hold --count 200 --json hold.json"})
public final class BenchHoldCommand implements Callable<Integer> {
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final double MILLI = 1e6;

  @Spec private CommandSpec spec;

  @Option(
      names = "--count",
      defaultValue = "200",
      paramLabel = "N",
      description = "How many snapshots (default ${DEFAULT-VALUE}).")
  private int count;

  @Option(
      names = "--pause",
      defaultValue = "100",
      paramLabel = "MS",
      description = "Writing between two snapshots (default ${DEFAULT-VALUE}).")
  private int pause;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures there as JSON.")
  private @Nullable Path json;

  @Option(
      names = "--dir",
      defaultValue = "/var/tmp",
      paramLabel = "DIR",
      description = "Where a temporary folder is made (default ${DEFAULT-VALUE}).")
  private Path dir;

  /** Used by picocli, which sets the annotated fields. */
  @SuppressWarnings("NullAway.Init")
  public BenchHoldCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    Optional<String> reason = LinuxGuest.whyNot();
    String home = System.getProperty("dvx.home", "");
    if (reason.isPresent() || home.isEmpty()) {
      throw DvxException.of(Kind.UNAVAILABLE, "No guest can be frozen here")
          .cause(reason.orElse("The source tree, with the agent in it, is not known"))
          .remedy("Run ./dvx bench hold as root in the source tree, with what docs/agents.md names")
          .build();
    }
    Path folder = Files.createTempDirectory(dir, "dvx-hold-").toRealPath();
    try {
      HoldReport report = measure(Path.of(home), folder);
      PrintWriter out = spec.commandLine().getOut();
      out.println(report.table());
      out.println("Hypervisor snapshots (stuns): 0. Nothing here can make one.");
      out.flush();
      Path target = json;
      if (target != null) {
        Files.writeString(target, Json.write(report.byName()) + "\n");
      }
      return ExitCode.OK;
    } finally {
      delete(folder);
    }
  }

  private HoldReport measure(Path home, Path folder) throws IOException, InterruptedException {
    HoldLab lab = new HoldLab(HoldLab.Options.usual(home, folder.resolve("lab")));
    List<RecordWriter> writers = new ArrayList<>();
    Thread hook = new Thread(() -> thaw(lab), "thaw");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      for (GuestFileSystem system : lab.guest().systems()) {
        writers.add(RecordWriter.start(system, Duration.ofMillis(2)));
      }
      lab.guest().agent().start();
      lab.awaitAgent(LIMIT);
      LinuxGuest.awaitWrites(writers, LIMIT);
      HoldReport report = new HoldReport();
      for (int i = 0; i < count; i++) {
        one(lab, writers, report);
      }
      return report;
    } finally {
      try {
        lab.guest().thawAll();
        for (RecordWriter writer : writers) {
          writer.close();
        }
      } finally {
        lab.close();
        Runtime.getRuntime().removeShutdownHook(hook);
      }
    }
  }

  private void one(HoldLab lab, List<RecordWriter> writers, HoldReport report)
      throws IOException, InterruptedException {
    Thread.sleep(pause);
    double usual = longest(writers);
    long records = lab.recordCount();
    VmSnapshots.Taken taken = lab.snapshot(SnapshotPolicy.TRY);
    LinuxGuest.awaitWrites(writers, LIMIT);
    report.label(taken.point().consistency().name());
    report.add("writes held", (double) taken.writesHeldMillis());
    report.add("ours of it, from frozen to committed", fact(lab.records(records), "cutMillis"));
    report.add("ours of that, the cut until durable", taken.cutNanos() / MILLI);
    report.add("writers frozen", (double) taken.writersFrozenMillis());
    report.add("longest synced write in a snapshot", longest(writers));
    report.add("longest synced write otherwise", usual);
    lab.delete(taken.point());
    lab.awaitAgent(LIMIT);
  }

  private static double longest(List<RecordWriter> writers) {
    return writers.stream().mapToLong(RecordWriter::takeLongest).max().orElse(0) / MILLI;
  }

  private static double fact(List<JsonNode> records, String name) {
    return records.stream()
        .map(record -> record.path("facts").path(name))
        .filter(JsonNode::isNumber)
        .mapToDouble(JsonNode::asDouble)
        .max()
        .orElse(0);
  }

  /** Ctrl-C: whatever is held is let go before the JVM ends. */
  private static void thaw(HoldLab lab) {
    try {
      lab.guest().thawAll();
      lab.close();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
