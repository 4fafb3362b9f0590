package org.opendvx.server.demo;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.SnapshotRequest;
import org.opendvx.server.api.SnapshotTaken;
import org.opendvx.server.demo.load.SequenceLoad;
import org.opendvx.server.demo.load.WriteTimes;

/** Step 6: snapshots of the large machine while it is being written to. */
final class SnapshotSeries {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final long NEAR = Duration.ofMillis(50).toNanos();
  private static final double MILLI = 1e6;
  private static final Duration STEP = Duration.ofMillis(20);

  /** Writes of a sequence that are sure to touch every disk. */
  private static final long FRESH = 2L * Scale.DISKS;

  private final Workshop shop;
  private final Node node;

  SnapshotSeries(Workshop shop, Node node) {
    this.shop = shop;
    this.node = node;
  }

  /**
   * A cut.
   *
   * @param snapshot its name
   * @param before writes of each sequence that were acknowledged before it was asked for
   * @param after writes of each sequence that had been sent when it was there
   * @param heldNanos how long writes were held, as the node tells
   * @param totalNanos from the cut's begin until it was durable, as the node tells
   * @param near the cut and 50 ms on both sides
   */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record Cut(
      String snapshot,
      long[] before,
      long[] after,
      long heldNanos,
      long totalNanos,
      WriteTimes.Window near) {}

  /**
   * All cuts.
   *
   * @param writes how many there were during the series
   * @param longest the longest of them
   */
  record Series(List<Cut> cuts, long writes, WriteTimes.Longest longest) {}

  Series run(SequenceLoad load) throws IOException, InterruptedException {
    List<Cut> cuts = new ArrayList<>();
    long writesBefore = load.writes();
    for (int i = 1; i <= shop.scale().snapshots(); i++) {
      Thread.sleep(shop.scale().beforeCut());
      long[] before = awaitFreshState(cuts, load);
      cuts.add(cut(LargeMachine.NAME + "-" + i, before, load));
    }
    Thread.sleep(shop.scale().beforeCut());
    load.check();
    long end = System.nanoTime();
    Series series =
        new Series(
            cuts,
            load.writes() - writesBefore,
            load.longest(cuts.stream().map(Cut::near).toList(), end));
    tell(series);
    return series;
  }

  private Cut cut(String name, long[] before, SequenceLoad load) {
    SnapshotTaken taken =
        node.api()
            .await(
                "snapshots",
                new SnapshotRequest(LargeMachine.NAME, null, name, Map.of(), "try"),
                SnapshotTaken.class,
                LIMIT);
    long[] after = load.issued();
    // The node and we read the same clock; this brings its instant to our nanosecond clock.
    long shift = System.nanoTime() - nanos(Instant.now());
    long at = nanos(taken.snapshot().created()) + shift;
    return new Cut(
        taken.snapshot().name(),
        before,
        after,
        taken.heldNanos(),
        taken.totalNanos(),
        new WriteTimes.Window(at - NEAR, at + taken.totalNanos() + NEAR));
  }

  /** Every cut must meet state that was changed on every disk after the one before. */
  private static long[] awaitFreshState(List<Cut> cuts, SequenceLoad load)
      throws IOException, InterruptedException {
    long[] last = cuts.isEmpty() ? new long[Scale.SEQUENCES] : cuts.getLast().after();
    long end = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      load.check();
      long[] now = load.acknowledged();
      if (IntStream.range(0, now.length).allMatch(i -> now[i] >= last[i] + FRESH)) {
        return now;
      }
      if (System.nanoTime() - end > 0) {
        throw DvxException.of(Kind.INTERNAL, "The load does not go on")
            .cause("A sequence has not written to every disk since the last snapshot")
            .detail("writes then", Arrays.toString(last))
            .detail("writes now", Arrays.toString(now))
            .build();
      }
      Thread.sleep(STEP);
    }
  }

  private static long nanos(Instant instant) {
    return instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
  }

  private void tell(Series series) {
    List<Long> totals = series.cuts().stream().map(Cut::totalNanos).sorted().toList();
    List<Long> held = series.cuts().stream().map(Cut::heldNanos).sorted().toList();
    shop.narrator()
        .say(
            "%d snapshots of all %d disks while %,d writes of 4 to 32 KiB were acknowledged"
                + " (FILE_SYNC, each sent after the answer to the one before).",
            series.cuts().size(), Scale.DISKS, series.writes());
    shop.narrator()
        .say(
            "Half of the cuts were durable within %.1f ms, the slowest within %.1f ms; the longest"
                + " that one held writes back is %.2f ms.",
            totals.get(totals.size() / 2) / MILLI,
            totals.getLast() / MILLI,
            held.getLast() / MILLI);
  }
}
