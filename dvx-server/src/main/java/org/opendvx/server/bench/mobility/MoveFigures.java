package org.opendvx.server.bench.mobility;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.opendvx.server.api.PrefetchView;
import org.opendvx.server.api.ReadTiersView;
import org.opendvx.server.bench.mobility.MachineLoad.Io;

/**
 * What one move did.
 *
 * @param gap longest operation from the move until two seconds after
 * @param stillMillis longest operation of the two seconds before the move was announced
 * @param handOverMillis of the files
 * @param firstSecond reads at the target in the first second, by tier
 * @param window reads at the target in the whole window, by tier
 * @param readP50Millis of reads in the window
 * @param readP99Millis of reads in the window
 * @param firstReadP99Millis of reads in the first two seconds
 * @param steadySeconds until a second in which 99 % of chunks came from memory or own flash; -1
 *     when none did
 * @param sourceReadP99Millis of reads at the source in the 5 s before
 * @param sourceReadP99PrefetchMillis of reads at the source while the target fetched; 0 when it did
 *     not
 * @param prefetch how far it came; empty without
 */
record MoveFigures(
    String kind,
    String from,
    String to,
    Gap gap,
    double stillMillis,
    double handOverMillis,
    Tiers firstSecond,
    Tiers window,
    double readP50Millis,
    double readP99Millis,
    double firstReadP99Millis,
    int steadySeconds,
    double sourceReadP99Millis,
    double sourceReadP99PrefetchMillis,
    Map<String, Object> prefetch) {

  /**
   * The longest operation during a move.
   *
   * @param atMillis when it began, from the move on
   * @param operation read or write; empty when there was none
   */
  record Gap(double millis, double atMillis, String operation) {
    static Gap of(List<Io> ios, long moved) {
      return ios.stream()
          .max(Comparator.comparingLong(Io::nanos))
          .map(
              io ->
                  new Gap(
                      round(io.nanos() / 1e6),
                      round((io.start() - moved) / 1e6),
                      io.read() ? "read" : "write"))
          .orElse(new Gap(0, 0, ""));
    }
  }

  /** Chunks read by tier. */
  record Tiers(long ram, long flash, long peer, long pool) {
    static Tiers of(ReadTiersView view) {
      return new Tiers(view.ramChunks(), view.flashChunks(), view.peerChunks(), view.poolChunks());
    }

    Tiers since(Tiers before) {
      return new Tiers(
          ram - before.ram, flash - before.flash, peer - before.peer, pool - before.pool);
    }

    long all() {
      return ram + flash + peer + pool;
    }

    double own() {
      return all() == 0 ? 1 : (double) (ram + flash) / all();
    }

    double fromPool() {
      return all() == 0 ? 0 : (double) pool / all();
    }

    Map<String, Object> byName() {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("ram", ram);
      map.put("flash", flash);
      map.put("peer", peer);
      map.put("pool", pool);
      map.put("shareOwn", round(own()));
      map.put("sharePool", round(fromPool()));
      return map;
    }
  }

  static double round(double value) {
    return Math.round(value * 10_000) / 10_000.0;
  }

  /** The time that a share of operations does not exceed. */
  static double percentile(List<Io> ios, double share) {
    long[] sorted = ios.stream().mapToLong(Io::nanos).sorted().toArray();
    if (sorted.length == 0) {
      return 0;
    }
    int at = (int) Math.ceil(share * sorted.length) - 1;
    return round(sorted[Math.clamp(at, 0, sorted.length - 1)] / 1e6);
  }

  static double percentileOf(double[] values, double share) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int at = (int) Math.ceil(share * sorted.length) - 1;
    return sorted.length == 0 ? 0 : sorted[Math.clamp(at, 0, sorted.length - 1)];
  }

  static Map<String, Object> of(PrefetchView run) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("state", run.state());
    map.put("note", run.note());
    map.put("hotBytes", run.hotBytes());
    map.put("skippedBytes", run.skippedBytes());
    map.put("peerBytes", run.peerBytes());
    map.put("poolBytes", run.poolBytes());
    map.put("missedBytes", run.missedBytes());
    map.put("usedBytes", run.usedBytes());
    map.put(
        "skippedShare",
        round(run.hotBytes() == 0 ? 0 : (double) run.skippedBytes() / run.hotBytes()));
    return map;
  }

  Map<String, Object> byName() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("kind", kind);
    map.put("from", from);
    map.put("to", to);
    map.put("gapMillis", gap.millis());
    map.put("gapAtMillis", gap.atMillis());
    map.put("gapOperation", gap.operation());
    map.put("stillMillis", stillMillis);
    map.put("handOverMillis", round(handOverMillis));
    map.put("firstSecond", firstSecond.byName());
    map.put("window", window.byName());
    map.put("readP50Millis", readP50Millis);
    map.put("readP99Millis", readP99Millis);
    map.put("firstReadP99Millis", firstReadP99Millis);
    map.put("steadySeconds", steadySeconds);
    map.put("sourceReadP99Millis", sourceReadP99Millis);
    map.put("sourceReadP99PrefetchMillis", sourceReadP99PrefetchMillis);
    map.put("prefetch", prefetch);
    return map;
  }
}
