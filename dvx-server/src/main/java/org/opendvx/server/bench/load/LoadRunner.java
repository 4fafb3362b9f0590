package org.opendvx.server.bench.load;

import java.io.IOException;
import java.time.Duration;
import org.opendvx.server.bench.ledger.BlockLedger;
import org.opendvx.server.bench.ledger.Span;
import org.opendvx.server.bench.pattern.BlockPattern;

/**
 * Runs the phases of a load one after the other: fill, measure, read back. Runs on the calling
 * thread.
 */
public final class LoadRunner {
  private static final int BULK_BYTES = 1 << 20;
  private static final int BULK_DEPTH = 4;
  private static final long BULK_COMMIT_BYTES = 64L << 20;
  private static final long SLOWEST_BYTES_A_SECOND = 1 << 20;

  private final LoadSettings settings;
  private final BlockLedger ledger;
  private final BlockPattern pattern;
  private final RemoteFiles files;
  private final Outages outages;
  private final Monitor monitor;

  /** Sees what goes on. */
  public interface Monitor {
    /** Called about 20 times a second with the phase's name and its counters. */
    void tick(String phase, LoadStats stats, long now);

    /** The warm-up is over: figures count from now on. */
    void measuring();
  }

  /**
   * The measured phase.
   *
   * @param stats what was counted since the warm-up
   * @param nanos from the end of the warm-up until everything was answered and committed
   * @param settleNanos the part of it after the load's time: open calls and the last COMMITs
   * @param disconnected whether the load ended because the server went away
   * @param complete whether it ran to its end
   */
  public record Measured(
      LoadStats stats, long nanos, long settleNanos, boolean disconnected, boolean complete) {}

  /** Takes everything that the phases share. */
  public LoadRunner(
      LoadSettings settings,
      BlockLedger ledger,
      BlockPattern pattern,
      RemoteFiles files,
      Outages outages,
      Monitor monitor) {
    this.settings = settings;
    this.ledger = ledger;
    this.pattern = pattern;
    this.files = files;
    this.outages = outages;
    this.monitor = monitor;
  }

  /** Writes every block once, in large transfers of at most {@code transferLimit} bytes. */
  public LoadStats fill(int transferLimit) throws IOException {
    LoadStats stats = new LoadStats();
    bulk("filling", Operation.WRITE, transferLimit, stats);
    return stats;
  }

  /** Reads every block once and checks it. */
  public LoadStats readBack(int transferLimit) throws IOException {
    LoadStats stats = new LoadStats();
    bulk("checking", Operation.READ, transferLimit, stats);
    Span span = ledger.span();
    long blocks = (long) span.files() * span.blocks();
    if (stats.checkedBlocks() < blocks) {
      stats.error("CHECK incomplete: " + (blocks - stats.checkedBlocks()) + " blocks unread");
    }
    return stats;
  }

  private void bulk(String phase, Operation operation, int transferLimit, LoadStats stats)
      throws IOException {
    int blockSize = ledger.span().blockSize();
    int step = Math.max(1, Math.min(BULK_BYTES, transferLimit) / blockSize);
    AddressPlan plan = new SequentialPlan(ledger, operation, step, false);
    Workload work = new Workload(ledger, plan, Stability.UNSTABLE, BULK_COMMIT_BYTES);
    LoadSettings bulk = settings.bulk(BULK_DEPTH);
    Duration limit = Duration.ofSeconds(120 + ledger.span().totalBytes() / SLOWEST_BYTES_A_SECOND);
    CallCodec codec = new CallCodec(files, work, pattern, stats, true);
    try (LoadLoop loop = new LoadLoop(files, work, codec, stats, bulk, outages, step * blockSize)) {
      loop.run(now -> monitor.tick(phase, stats, now), limit);
    }
  }

  /** Runs the load itself. */
  public Measured measure() throws IOException {
    LoadStats stats = new LoadStats();
    Workload work = new Workload(ledger, plan(), settings.stability(), settings.commitBytes());
    Clock clock = new Clock(stats, work);
    Duration limit =
        settings
            .warmUp()
            .plus(settings.time())
            .plus(settings.outageLimit())
            .plus(settings.callLimit().multipliedBy(2));
    CallCodec codec = new CallCodec(files, work, pattern, stats, settings.checkReads());
    try (LoadLoop loop =
        new LoadLoop(files, work, codec, stats, settings, outages, ledger.span().blockSize())) {
      LoadLoop.Ending ending = loop.run(clock::tick, limit);
      long end = System.nanoTime();
      if (ending != LoadLoop.Ending.FINISHED) {
        work.abandon();
        ledger.forgetUnstable();
      }
      return new Measured(
          stats,
          clock.measured(end),
          clock.settled(end),
          ending == LoadLoop.Ending.DISCONNECTED,
          ending == LoadLoop.Ending.FINISHED);
    }
  }

  private AddressPlan plan() {
    return switch (settings.mode()) {
      case RANDREAD -> new RandomPlan(ledger, 100, settings.seed());
      case RANDWRITE -> new RandomPlan(ledger, 0, settings.seed());
      case MIXED -> new RandomPlan(ledger, settings.readPercent(), settings.seed());
      case SEQREAD -> new SequentialPlan(ledger, Operation.READ, 1, true);
      case SEQWRITE -> new SequentialPlan(ledger, Operation.WRITE, 1, true);
    };
  }

  /** Ends the warm-up and the load when their time has come. */
  private final class Clock {
    private final LoadStats stats;
    private final Workload work;
    private final long measureAt = System.nanoTime() + settings.warmUp().toNanos();
    private long measuringSince;
    private long stoppedAt;
    private boolean measuring;
    private boolean stopped;

    Clock(LoadStats stats, Workload work) {
      this.stats = stats;
      this.work = work;
    }

    void tick(long now) {
      if (!measuring && now - measureAt >= 0) {
        measuring = true;
        measuringSince = now;
        stats.reset();
        monitor.measuring();
      }
      if (measuring && !stopped && now - measuringSince >= settings.time().toNanos()) {
        stopped = true;
        stoppedAt = now;
        work.stop();
      }
      monitor.tick(measuring ? "measuring" : "warming up", stats, now);
    }

    long measured(long end) {
      return measuring ? end - measuringSince : 0;
    }

    long settled(long end) {
      return stopped ? end - stoppedAt : 0;
    }
  }
}
