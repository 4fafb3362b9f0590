package org.opendvx.server.bench.mobility;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.MoveRequest;
import org.opendvx.server.api.MovedView;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.api.PlacementView;
import org.opendvx.server.api.PrefetchRequest;
import org.opendvx.server.api.PrefetchView;
import org.opendvx.server.api.PrefetchesView;
import org.opendvx.server.api.ReadTiersView;
import org.opendvx.server.bench.mobility.MachineLoad.Io;
import org.opendvx.server.bench.mobility.MoveFigures.Gap;
import org.opendvx.server.bench.mobility.MoveFigures.Tiers;
import org.opendvx.server.bench.report.Json;
import org.opendvx.server.config.ByteSize;
import org.opendvx.server.lab.HostLab;
import org.opendvx.server.process.SourceTree;
import org.opendvx.server.simulator.EsxMachine;
import org.opendvx.server.simulator.Simulator.Mover;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dvx bench mobility}. */
@Command(
    name = "mobility",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Measures what a machine notices when it moves: a data node and four hosts as processes of this"
          + " machine, one disk under verified reads and writes, moved without and with prefetch.",
      "A vCenter simulator moves the machine; the hosts hear of it from its events."
    },
    footer = {"", "Example: dvx bench mobility --hot 2GiB --json mobility.json"})
public final class BenchMobilityCommand implements Callable<Integer> {
  private static final List<String> HOSTS = List.of("h1", "h2", "h3", "h4");
  private static final String MACHINE = "vm1";

  /** It fetches nothing ahead. */
  private static final String COLD = "h4";

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final long PREFETCH_SECONDS = 600;
  private static final int SETTLE_SECONDS = 8;
  private static final long REST_SECONDS = 30;
  private static final double ALL_BUT_FEW = 0.99;
  private static final long POLL_MILLIS = 20;

  /** An operation that begins so soon after a move, or before it, counts for its gap. */
  private static final long GAP_SECONDS = 2;

  private static final int SHORT_WINDOW_SECONDS = 3;

  @Spec private CommandSpec spec;

  @Option(
      names = "--hot",
      defaultValue = "2GiB",
      paramLabel = "SIZE",
      description = "Bytes of the disk, all of them hot (default ${DEFAULT-VALUE}).")
  private String hot;

  @Option(
      names = "--seconds",
      defaultValue = "60",
      paramLabel = "N",
      description = "Watched after each move (default ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(
      names = "--threads",
      defaultValue = "4",
      paramLabel = "N",
      description = "Operations under way at a time (default ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = "--moves",
      defaultValue = "100",
      paramLabel = "N",
      description = "More announced moves, for the hand-over gap (default ${DEFAULT-VALUE}).")
  private int moves;

  @Option(
      names = "--heap",
      defaultValue = "512m",
      paramLabel = "SIZE",
      description = "Of each process, as -Xmx has it (default ${DEFAULT-VALUE}).")
  private String heap;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures there as JSON.")
  private @Nullable Path json;

  @Option(
      names = "--dir",
      defaultValue = "/var/tmp",
      paramLabel = "DIR",
      description = "Where a temporary folder is made (default ${DEFAULT-VALUE}).")
  private Path dir;

  @Option(names = "--keep", description = "Keep that folder.")
  private boolean keep;

  /** Used by picocli, which sets the annotated fields. */
  @SuppressWarnings("NullAway.Init")
  public BenchMobilityCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    long bytes = ByteSize.parse(hot).bytes();
    Path home = SourceTree.home("The measurement", "./dvx bench mobility");
    Path folder = Files.createTempDirectory(dir, "dvx-mobility-").toRealPath();
    long driveBytes = 6 * bytes + (4L << 30);
    HostLab.Setup setup =
        new HostLab.Setup(
            folder, List.of("-Xmx" + heap, "-XX:+UseG1GC"), HostLab.Setup.DRIVES, driveBytes);
    MobilityLab lab = new MobilityLab(setup, HOSTS);
    try {
      say("starting a data node and " + HOSTS.size() + " hosts in " + folder);
      lab.start(2 * bytes + (256L << 20), COLD);
      Map<String, Object> report = measure(lab, home, folder, bytes);
      PrintWriter out = spec.commandLine().getOut();
      out.println(Json.write(report));
      out.flush();
      if (json != null) {
        Files.writeString(json, Json.write(report) + "\n");
      }
      return ExitCode.OK;
    } finally {
      lab.close();
      if (!keep) {
        delete(folder);
      }
    }
  }

  private void say(String what) {
    PrintWriter err = spec.commandLine().getErr();
    err.println(what);
    err.flush();
  }

  private Map<String, Object> measure(MobilityLab lab, Path home, Path folder, long bytes)
      throws IOException, InterruptedException {
    Map<String, NodeFile> nodes = new LinkedHashMap<>();
    for (String host : HOSTS) {
      nodes.put(host, lab.node(host));
    }
    int blocks = (int) (bytes / MachineLoad.BLOCK);
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("hotBytes", bytes);
    report.put("hosts", HOSTS.size());
    report.put("threads", threads);
    report.put("network", lab.network().describe());
    report.put("movedBy", "events of the vCenter simulator");
    say("two machines of one template");
    report.put("clone", clone(lab, blocks / 4));
    say("filling and warming the disk at h1");
    MachineLoad.fill(lab.node("h1"), MACHINE, blocks, 0);
    List<MoveFigures> all = new ArrayList<>();
    Path simulated = Files.createDirectories(folder.resolve("vcenter"));
    EsxMachine machine = new EsxMachine(MACHINE, List.of(bytes));
    try (ManagedMachine vcenter = ManagedMachine.start(home, simulated, lab, machine);
        MachineLoad load = new MachineLoad(nodes, MACHINE, blocks, "h1")) {
      load.warm();
      load.start(threads);
      Thread.sleep(TimeUnit.SECONDS.toMillis(SETTLE_SECONDS));
      // Each target is new to the disk; the cold one comes last, since it is not warm afterwards.
      MoveFigures announced = move(lab, vcenter, load, Plan.ANNOUNCED, "h1", "h2", seconds);
      MoveFigures unannounced = move(lab, vcenter, load, Plan.MOVED, "h2", "h3", seconds);
      MoveFigures cold = move(lab, vcenter, load, Plan.COLD, "h3", COLD, seconds);
      all.addAll(List.of(announced, unannounced, cold));
      String from = COLD;
      for (int i = 0; i < moves; i++) {
        String to = HOSTS.get(i % (HOSTS.size() - 1));
        Plan plan = i % 2 == 0 ? Plan.BY_DRS : Plan.ANNOUNCED;
        all.add(move(lab, vcenter, load, plan, from, to, SHORT_WINDOW_SECONDS));
        from = to;
      }
      if (load.failure() != null) {
        throw DvxException.of(Kind.UNAVAILABLE, "An operation of the load failed")
            .causedBy(load.failure())
            .remedy("Look at the logs of the hosts; keep the folder with --keep")
            .build();
      }
      String refuge = HOSTS.get((HOSTS.indexOf(from) + 1) % HOSTS.size());
      report.put("restart", restart(lab, vcenter, load, from, refuge));
      report.put("wrongReads", load.bad());
      double[] gaps = all.stream().mapToDouble(move -> move.gap().millis()).toArray();
      double[] still = all.stream().mapToDouble(MoveFigures::stillMillis).toArray();
      report.put("handOverGapP99Millis", MoveFigures.percentileOf(gaps, 0.99));
      report.put("handOverGapP50Millis", MoveFigures.percentileOf(gaps, 0.5));
      report.put("stillP99Millis", MoveFigures.percentileOf(still, 0.99));
      report.put("stillP50Millis", MoveFigures.percentileOf(still, 0.5));
      report.put(
          "coldToAnnouncedReadP99",
          MoveFigures.round(
              cold.firstReadP99Millis() / Math.max(0.001, announced.firstReadP99Millis())));
      report.put("moves", all.stream().map(MoveFigures::byName).toList());
    }
    return report;
  }

  /** How a move is made. */
  private enum Plan {
    /** To a host that fetches nothing ahead. */
    COLD(Mover.VMOTION, false),
    ANNOUNCED(Mover.VMOTION, true),
    BY_DRS(Mover.DRS, true),
    /** Known only when it is over. */
    MOVED(Mover.VMOTION, false);

    private final Mover mover;
    private final boolean announced;

    Plan(Mover mover, boolean announced) {
      this.mover = mover;
      this.announced = announced;
    }
  }

  /** Two machines with the same content: the second one's is at the target already. */
  private Map<String, Object> clone(MobilityLab lab, int blocks)
      throws IOException, InterruptedException {
    Map<String, Object> figures = new LinkedHashMap<>();
    for (String machine : List.of("template1", "template2")) {
      MachineLoad.fill(lab.node("h1"), machine, blocks, 1L << 40);
      MovedView _ =
          lab.client("h1").post("placement", new MoveRequest("/" + machine, "h3"), MovedView.class);
      PrefetchView run = prefetch(lab, machine, "h1", "h3");
      figures.put(machine, MoveFigures.of(run));
      if (machine.equals("template1")) {
        fetchTheRest(lab, machine, (long) blocks * MachineLoad.BLOCK);
      }
    }
    return figures;
  }

  /**
   * What is on its way to the pool when a machine moves is not hot yet, for it cannot be had:
   * fetched again until all has come, so that the second machine's figure is of what the target
   * holds.
   */
  private static void fetchTheRest(MobilityLab lab, String machine, long bytes)
      throws InterruptedException {
    long end = System.nanoTime() + REST_SECONDS * SECOND;
    PrefetchView run;
    do {
      Thread.sleep(POLL_MILLIS);
      run = prefetch(lab, machine, "h1", "h3");
    } while (run.skippedBytes() < bytes * ALL_BUT_FEW && System.nanoTime() - end < 0);
  }

  private static PrefetchView prefetch(MobilityLab lab, String machine, String from, String to)
      throws InterruptedException {
    long before = latest(lab, to);
    PrefetchesView _ =
        lab.client(to)
            .post(
                "prefetch", new PrefetchRequest("/" + machine, from, false), PrefetchesView.class);
    return awaitPrefetch(lab, to, before, "DONE");
  }

  /** The number of the latest prefetch of a host, 0 when there was none. */
  private static long latest(MobilityLab lab, String host) {
    return look(lab, host).items().stream().mapToLong(PrefetchView::id).max().orElse(0);
  }

  /** Waits until a later prefetch has come so far, or is over. */
  private static PrefetchView awaitPrefetch(MobilityLab lab, String to, long later, String until)
      throws InterruptedException {
    long end = System.nanoTime() + PREFETCH_SECONDS * SECOND;
    while (true) {
      List<PrefetchView> runs = look(lab, to).items();
      if (!runs.isEmpty() && runs.getFirst().id() > later) {
        PrefetchView run = runs.getFirst();
        if (run.state().equals(until) || run.ended() != null) {
          return run;
        }
      }
      if (System.nanoTime() - end > 0) {
        throw DvxException.of(Kind.TIMEOUT, "Prefetch does not come to an end")
            .detail("runs", runs)
            .build();
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  /** Waits until a host serves all files of the machine; milliseconds from the start. */
  private static double awaitOwner(MobilityLab lab, String to, long start)
      throws InterruptedException {
    while (true) {
      PlacementView place = lab.client(to).get("placement?vm=%2F" + MACHINE, PlacementView.class);
      double millis = (System.nanoTime() - start) / 1e6;
      if (place.files().stream().allMatch(file -> file.host().equals(to))) {
        return MoveFigures.round(millis);
      }
      if (millis > TimeUnit.SECONDS.toMillis(PREFETCH_SECONDS)) {
        throw DvxException.of(Kind.TIMEOUT, "The machine's files do not follow it")
            .detail("files", place.files())
            .build();
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  private static PrefetchesView look(MobilityLab lab, String host) {
    return lab.client(host).get("prefetch", PrefetchesView.class);
  }

  private static Tiers tiers(MobilityLab lab, String host) {
    ReadTiersView reads = look(lab, host).reads();
    if (reads == null) {
      throw new IllegalStateException("a host says where its reads are answered from");
    }
    return Tiers.of(reads);
  }

  private MoveFigures move(
      MobilityLab lab,
      ManagedMachine vcenter,
      MachineLoad load,
      Plan plan,
      String from,
      String to,
      int window)
      throws IOException, InterruptedException {
    long announced = System.nanoTime();
    if (plan.announced) {
      long later = latest(lab, to);
      vcenter.announce(plan.mover, to);
      PrefetchView _ = awaitPrefetch(lab, to, later, "FOLLOWING");
    }
    Tiers before = tiers(lab, to);
    long start = System.nanoTime();
    // The machine runs at the target at once; its files follow, when the target hears of it.
    load.moveTo(to);
    vcenter.arrive(plan.mover, to);
    double followed = awaitOwner(lab, to, start);
    Tiers first = null;
    Tiers last = before;
    int steady = -1;
    for (int second = 1; second <= window; second++) {
      long due = start + second * SECOND;
      TimeUnit.NANOSECONDS.sleep(Math.max(0, due - System.nanoTime()));
      Tiers now = tiers(lab, to);
      if (first == null) {
        first = now.since(before);
      }
      Tiers step = now.since(last);
      if (steady < 0 && step.all() > 0 && step.own() >= 0.99) {
        steady = second;
      }
      last = now;
    }
    long end = System.nanoTime();
    List<Io> reads = load.between(start, end).stream().filter(Io::read).toList();
    List<PrefetchView> runs = look(lab, to).items();
    MoveFigures figures =
        new MoveFigures(
            plan.name().toLowerCase(Locale.ROOT),
            from,
            to,
            Gap.of(load.between(start, start + GAP_SECONDS * SECOND), start),
            Gap.of(load.between(announced - GAP_SECONDS * SECOND, announced), announced).millis(),
            followed,
            first == null ? last.since(before) : first,
            last.since(before),
            MoveFigures.percentile(reads, 0.5),
            MoveFigures.percentile(reads, 0.99),
            MoveFigures.percentile(
                reads.stream().filter(io -> io.start() < start + GAP_SECONDS * SECOND).toList(),
                0.99),
            steady,
            p99Before(load, announced - 5 * SECOND, announced),
            plan.announced ? p99Before(load, announced, start) : 0,
            plan == Plan.COLD || runs.isEmpty() ? Map.of() : MoveFigures.of(runs.getFirst()));
    say(
        ("%s %s to %s: longest operation %.1f ms (%s after %.0f ms; %.1f ms before), "
                + "own %.2f %%, pool %.2f %%")
            .formatted(
                figures.kind(),
                from,
                to,
                figures.gap().millis(),
                figures.gap().operation(),
                figures.gap().atMillis(),
                figures.stillMillis(),
                figures.window().own() * 100,
                figures.window().fromPool() * 100));
    return figures;
  }

  /** A host dies, and vSphere HA restarts its machine beside another one. */
  private Map<String, Object> restart(
      MobilityLab lab, ManagedMachine vcenter, MachineLoad load, String from, String to)
      throws IOException, InterruptedException {
    lab.kill(from);
    load.crash();
    vcenter.restart(to);
    double writable = MoveFigures.round(load.firstWrite(to) / 1e6);
    double followed = awaitOwner(lab, to, System.nanoTime());
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("from", from);
    figures.put("to", to);
    figures.put("writableMillis", writable);
    figures.put("followedMillisLater", followed);
    figures.put("lostBlocks", load.lost(to));
    say("%s died, %s took over: writable after %.0f ms".formatted(from, to, writable));
    return figures;
  }

  private static double p99Before(MachineLoad load, long from, long to) {
    return MoveFigures.percentile(load.between(from, to).stream().filter(Io::read).toList(), 0.99);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
