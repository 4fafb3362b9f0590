package org.opendvx.server.demo;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.bench.report.Json;
import org.opendvx.server.process.Cleanup;
import org.opendvx.server.process.Program;
import org.opendvx.server.process.SourceTree;
import org.opendvx.server.process.Trees;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dvx demo}. */
@Command(
    name = "demo",
    description = {
      "Show the main job done, on real bytes: a node on six drives, a vCenter, two machines;"
          + " snapshots under load with no stun, two drives lost, restore and clone.",
      "",
      "Everything is made in a temporary folder, checked, measured, and removed again."
    },
    footer = {"", "Examples: dvx demo", "          dvx demo --json figures.json --keep"})
public final class DemoCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(DemoCommand.class);

  @Spec private CommandSpec spec;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures there as JSON.")
  private @Nullable Path json;

  @Option(
      names = "--keep",
      description = "Leave node, vCenter and files as they are, and tell how to use them.")
  private boolean keep;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "Where the temporary folder is made (default: /var/tmp).")
  private @Nullable Path dir;

  @Option(names = "--quick", description = "A short version, with less data and fewer snapshots.")
  private boolean quick;

  @Option(
      names = "--node-heap",
      paramLabel = "SIZE",
      description = "Heap of the node, as -Xmx has it, such as 512m. Default: what Java chooses.")
  private @Nullable String nodeHeap;

  /** Used by picocli, which sets the annotated fields. */
  @SuppressWarnings("NullAway.Init")
  public DemoCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    Path target = json;
    if (target != null) {
      // Figures of an earlier run must not be taken for those of this one.
      Files.deleteIfExists(target);
    }
    Narrator narrator = new Narrator(out);
    Cleanup cleanup = new Cleanup(narrator::plain);
    Thread hook = new Thread(() -> interrupted(cleanup, narrator), "demo-cleanup");
    Runtime.getRuntime().addShutdownHook(hook);
    try (cleanup) {
      return run(workshop(narrator, cleanup), target);
    } finally {
      removeHook(hook);
    }
  }

  private int run(Workshop shop, @Nullable Path target) throws IOException, InterruptedException {
    Narrator narrator = shop.narrator();
    narrator.plain("OpenDVX: snapshots, restores and clones of running machines, with no stun.");
    try {
      Demo.Result result = new Demo(shop).run();
      Map<String, Object> figures = result.figures().byName();
      narrator.plain("\n" + FigureTable.of(figures));
      if (target != null) {
        Files.writeString(target, Json.write(figures) + "\n");
      }
      if (keep) {
        narrator.plain(Kept.text(shop, result));
      }
      if (!result.figures().isGood()) {
        narrator.plain("NOT as it must be: stuns, engine snapshots and mismatches must be 0.");
        return 1;
      }
      return 0;
    } catch (DvxException e) {
      if (keep) {
        narrator.plain("Everything stays as it is, below " + shop.folder());
      }
      throw e;
    } finally {
      if (keep) {
        shop.cleanup().forget();
      }
    }
  }

  private Workshop workshop(Narrator narrator, Cleanup cleanup) throws IOException {
    Path base = dir == null ? defaultBase() : dir.toAbsolutePath();
    Files.createDirectories(base);
    Path folder = Files.createTempDirectory(base, "dvx-demo-").toRealPath();
    cleanup.add("remove " + folder, () -> Trees.delete(folder));
    return new Workshop(
        SourceTree.home("The demonstration", "./dvx demo"),
        folder,
        quick ? Scale.quick() : Scale.full(),
        keep,
        heap(),
        narrator,
        new Program(folder),
        cleanup);
  }

  private String heap() {
    String given = nodeHeap == null ? "" : nodeHeap;
    if (!given.matches("(\\d{1,6}[kmg])?")) {
      throw DvxException.of(Kind.INVALID, "This is no size of a heap")
          .cause("--node-heap " + given)
          .remedy("Write it as 512m or 2g")
          .build();
    }
    return given;
  }

  /** On a disk, where {@code /tmp} may be memory. */
  private static Path defaultBase() {
    Path disk = Path.of("/var/tmp");
    return Files.isWritable(disk) ? disk : Path.of(System.getProperty("java.io.tmpdir"));
  }

  private static void interrupted(Cleanup cleanup, Narrator narrator) {
    if (!cleanup.isClosed()) {
      narrator.plain("\nStopped. Cleaning up ...");
      cleanup.close();
    }
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is going down: the hook runs already, and this thread's work is over.
      LOG.debug("the clean-up runs already", e);
    }
  }
}
