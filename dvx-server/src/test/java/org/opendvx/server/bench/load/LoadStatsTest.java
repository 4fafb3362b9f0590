package org.opendvx.server.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class LoadStatsTest {
  @Test
  void percentilesAreWithinAThousandth() {
    LoadStats stats = new LoadStats();
    for (int i = 1; i <= 100_000; i++) {
      stats.record(Operation.READ, i * 1000L, 4096);
    }
    var times = stats.histogram(Operation.READ);
    assertEquals(50_000_000, (double) times.getValueAtPercentile(50), 50_000);
    assertEquals(99_000_000, (double) times.getValueAtPercentile(99), 99_000);
    assertEquals(99_900_000, (double) times.getValueAtPercentile(99.9), 99_900);
    assertEquals(100_000_000, (double) times.getMaxValue(), 100_000);
    assertEquals(100_000L * 4096, stats.dataBytes());
  }

  @Test
  void theEndOfTheWarmUpForgetsTimesButNoErrors() {
    LoadStats stats = new LoadStats();
    stats.record(Operation.WRITE, 5, 512);
    stats.error("WRITE NFS3ERR_IO");
    stats.mismatch("file 0 offset 0");
    stats.reset();
    assertEquals(0, stats.operations());
    assertEquals(0, stats.dataBytes());
    assertEquals(1, stats.failed());
    assertEquals(1, stats.mismatchCount());
  }

  @Test
  void timesOutsideTheRangeAreCountedAtItsEnds() {
    LoadStats stats = new LoadStats();
    stats.record(Operation.COMMIT, -5, 0);
    stats.record(Operation.COMMIT, Long.MAX_VALUE, 0);
    assertEquals(2, stats.histogram(Operation.COMMIT).getTotalCount());
    assertEquals(0, stats.operations());
  }
}
