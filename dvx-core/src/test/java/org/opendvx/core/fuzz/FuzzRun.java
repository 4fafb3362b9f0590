package org.opendvx.core.fuzz;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;

/** Runs a target over seeds, old findings and what a {@link Mutator} makes of them. */
public final class FuzzRun {
  /** Nothing that is read may take longer, on a machine that has other things to do. */
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final FuzzTarget target;

  /** A run of a target. */
  public FuzzRun(FuzzTarget target) {
    this.target = target;
  }

  /** All targets on the class path whose package begins so. */
  public static List<FuzzTarget> targets(String prefix) {
    List<FuzzTarget> found = new ArrayList<>();
    for (FuzzTarget target : ServiceLoader.load(FuzzTarget.class)) {
      if (target.getClass().getName().startsWith(prefix)) {
        found.add(target);
      }
    }
    return found;
  }

  /**
   * Reads all seeds and old findings, then mutants until the time is over.
   *
   * @return how many inputs were read
   * @throws AssertionError for a finding, with its bytes
   */
  public long run(long millis, long seed) throws Exception {
    Quiet.begin();
    try {
      return watched(millis, seed);
    } finally {
      Quiet.end();
    }
  }

  private long watched(long millis, long seed) throws Exception {
    List<byte[]> seeds = new ArrayList<>(target.seeds());
    seeds.addAll(findings());
    for (byte[] each : seeds) {
      one(each, seed);
    }
    Mutator mutator = new Mutator(seed, seeds, target.mostBytes());
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    long count = 0;
    do {
      byte[] input = mutator.next();
      if (mutator.repaired()) {
        target.repair(input);
      }
      one(input, seed);
      count++;
    } while (System.nanoTime() < end);
    return count;
  }

  /** One line of base64 each, in a resource that has the target's name. */
  private List<byte[]> findings() throws IOException {
    List<byte[]> found = new ArrayList<>();
    String resource = "/fuzz/" + target.name() + ".txt";
    try (InputStream in = target.getClass().getResourceAsStream(resource)) {
      if (in != null) {
        for (String line :
            new String(in.readAllBytes(), java.nio.charset.StandardCharsets.US_ASCII)
                .lines()
                .filter(each -> !each.isBlank() && !each.startsWith("#"))
                .toList()) {
          found.add(Base64.getDecoder().decode(line.strip()));
        }
      }
    }
    return found;
  }

  private void one(byte[] input, long seed) {
    try {
      measured(input);
    } catch (Exception | AssertionError | StackOverflowError | OutOfMemoryError e) {
      throw new AssertionError(
          "target "
              + target.name()
              + ", seed "
              + seed
              + ", "
              + input.length
              + " bytes: "
              + Base64.getEncoder().encodeToString(input),
          e);
    }
  }

  private void measured(byte[] input) throws Exception {
    Cost cost = cost(input);
    if (!cost.fits(target.mostAllocated(input.length))) {
      // The first time loads classes, and something else may have had the processor.
      cost = cost(input);
    }
    if (!cost.fits(target.mostAllocated(input.length))) {
      throw new AssertionError("reading takes too much: " + cost);
    }
  }

  private Cost cost(byte[] input) throws Exception {
    long allocated = THREADS.getCurrentThreadAllocatedBytes();
    long cpu = THREADS.getCurrentThreadCpuTime();
    target.check(input.clone());
    return new Cost(
        THREADS.getCurrentThreadAllocatedBytes() - allocated,
        THREADS.getCurrentThreadCpuTime() - cpu);
  }

  private record Cost(long bytes, long cpuNanos) {
    boolean fits(long most) {
      return bytes <= most && cpuNanos <= LIMIT_NANOS;
    }
  }
}
