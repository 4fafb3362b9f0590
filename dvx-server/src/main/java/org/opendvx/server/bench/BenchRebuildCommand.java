package org.opendvx.server.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.local.CareStatus;
import org.opendvx.core.pool.local.DriveCareSettings;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;
import org.opendvx.server.api.Json;
import org.opendvx.server.config.ByteSize;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures how long a lost drive takes to be rebuilt, by the number of drives. */
@Command(
    name = "rebuild",
    mixinStandardHelpOptions = true,
    description =
        "Fill pools of several numbers of drive folders with the same data, take a drive away, and"
            + " measure its rebuild and what reads beside it take. Where stripes are as wide as"
            + " there are drives, an empty folder takes its place; else the others take its shards.")
final class BenchRebuildCommand implements Callable<Integer> {
  private static final Epoch EPOCH = new Epoch("bench", 1);
  private static final long LIMIT_SECONDS = 3600;
  private static final int WIDEST = 10;
  private static final int READ = 4096;
  private static final int LEAST_READS = 200;
  private static final double NANOS = 1e9;
  private static final double MICROS = 1e3;

  @Spec private CommandSpec spec;

  @Option(
      names = "--folder",
      required = true,
      paramLabel = "DIR",
      description = "Where the pools are made; they are removed again.")
  private Path folder;

  @Option(
      names = "--size",
      paramLabel = "SIZE",
      defaultValue = "512MiB",
      description = "Data in each pool. Default: ${DEFAULT-VALUE}.")
  private String size;

  @Option(
      names = "--drives",
      split = ",",
      paramLabel = "N",
      defaultValue = "4,8,16",
      description = "Numbers of drives, 3 to 62. Default: ${DEFAULT-VALUE}.")
  private List<Integer> drives;

  @Option(
      names = "--rate",
      paramLabel = "SIZE",
      defaultValue = "64GiB",
      description = "Most bytes a second of the rebuild. Default: ${DEFAULT-VALUE}, no limit.")
  private String rate;

  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  BenchRebuildCommand() {}

  /**
   * The figures of one pool.
   *
   * @param moved bytes that the rebuild read and wrote
   * @param readP99Micros of 4 KiB reads one after another during the rebuild
   * @param idleP99Micros of the same before
   */
  public record Figures(
      int drives,
      boolean replaced,
      long dataBytes,
      long lostShards,
      double seconds,
      long moved,
      double readP99Micros,
      double idleP99Micros) {}

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    for (int number : drives) {
      if (number < 3 || number > 62) {
        throw DvxException.of(Kind.INVALID, "A pool for this has 3 to 62 drives").build();
      }
      Path root = Files.createTempDirectory(Files.createDirectories(folder), "rebuild");
      try {
        out.println(Json.lenient().writeValueAsString(measure(root, number)));
        out.flush();
      } finally {
        remove(root);
      }
    }
    return 0;
  }

  private Figures measure(Path root, int number) throws Exception {
    List<Path> roots = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      roots.add(root.resolve("drive" + i));
    }
    LocalPoolConfig config =
        LocalPoolConfig.of(roots)
            .withJournal(1 << 20, 4)
            .withDriveCapacity(1L << 40)
            .withCare(
                DriveCareSettings.DEFAULT
                    .withRebuild(Duration.ofDays(1), ByteSize.parse(rate).bytes())
                    .withScrub(Duration.ZERO, 1 << 20));
    LocalPool.create(config);
    try (LocalPool pool = LocalPool.open(config)) {
      long count = fill(pool);
      double idle = p99(reads(pool, count, () -> true));
      boolean replaced = number <= WIDEST;
      Files.move(roots.getFirst(), root.resolve("gone"));
      await(pool, () -> pool.status().drives().getFirst().state() == PoolStatus.DriveState.EVICTED);
      long lost = pool.status().degradedContainers();
      long start = System.nanoTime();
      if (replaced) {
        pool.care().replace(0, root.resolve("new"));
      } else {
        pool.care().rebuildNow();
      }
      List<Long> times = reads(pool, count, () -> whole(pool));
      double seconds = (System.nanoTime() - start) / NANOS;
      return new Figures(
          number,
          replaced,
          count * ContainerStore.MAX_LENGTH,
          lost,
          seconds,
          pool.care().status().rebuild().bytes(),
          p99(times),
          idle);
    }
  }

  private long fill(LocalPool pool) {
    byte[] content = new byte[ContainerStore.MAX_LENGTH];
    Random random = new Random(1);
    long count = Math.max(1, ByteSize.parse(size).bytes() / content.length);
    for (long id = 1; id <= count; id++) {
      random.nextBytes(content);
      pool.containers().put(EPOCH, id, content, content.length);
    }
    return count;
  }

  private static boolean whole(LocalPool pool) {
    return pool.status().degradedContainers() == 0
        && pool.care().status().rebuild().phase() != CareStatus.Phase.RUNNING;
  }

  /** Something that comes to be. */
  @FunctionalInterface
  private interface Condition {
    boolean holds();
  }

  private static void await(LocalPool pool, Condition condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!condition.holds()) {
      if (System.nanoTime() - deadline > 0) {
        throw DvxException.of(Kind.TIMEOUT, "The pool does not get there: " + pool.status())
            .build();
      }
      Thread.sleep(2);
    }
  }

  /** Reads at random places, a few at the least, until the condition holds. */
  private static List<Long> reads(LocalPool pool, long count, Condition end)
      throws InterruptedException {
    byte[] target = new byte[READ];
    Random random = new Random(2);
    List<Long> times = new ArrayList<>();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (times.size() < LEAST_READS || !end.holds()) {
      long start = System.nanoTime();
      if (start - deadline > 0) {
        throw DvxException.of(Kind.TIMEOUT, "The rebuild does not end: " + pool.status()).build();
      }
      pool.containers()
          .read(
              1 + random.nextLong(count),
              random.nextInt(ContainerStore.MAX_LENGTH / READ) * READ,
              READ,
              target,
              0);
      times.add(System.nanoTime() - start);
      Thread.sleep(1);
    }
    return times;
  }

  private static double p99(List<Long> nanos) {
    long[] sorted = nanos.stream().mapToLong(Long::longValue).toArray();
    Arrays.sort(sorted);
    return sorted[sorted.length * 99 / 100] / MICROS;
  }

  private static void remove(Path root) throws IOException {
    try (var files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
