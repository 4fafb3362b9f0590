package org.opendvx.core.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a cache says of what it holds: never too little, in bounded memory. */
final class SummaryTest {
  private static final int SEGMENT = 4 << 20;

  private static boolean mayHold(RingSummary ring, long address) {
    return ring.parts().stream().anyMatch(part -> part.mayHold(SummaryPart.group(address)));
  }

  @Test
  void ofATerabyteItTakesLittleMemoryAndIsSeldomWrong() {
    int segments = (int) ((1L << 40) / SEGMENT);
    RingSummary ring = new RingSummary(segments, SEGMENT);
    long bytes = ring.parts().stream().mapToLong(SummaryPart::bytes).sum();
    System.out.println("summary of 1 TiB: " + bytes + " bytes, in 4 parts; 5 at most");
    assertTrue(bytes <= 16 << 20, bytes + " bytes");

    // Full: containers one after another, 2 KiB a slot, as many as fit in a terabyte.
    long containers = (1L << 40) / (8 << 20);
    for (long container = 1; container <= containers; container++) {
      int segment = (int) (container * 2 % segments);
      for (int slot = 0; slot < 4096; slot += 64) {
        ring.add(container << 16 | slot, segment);
      }
    }
    assertTrue(mayHold(ring, 1L << 16 | 4095));
    assertTrue(mayHold(ring, containers << 16));
    Random random = new Random(1);
    int wrong = 0;
    for (int i = 0; i < 100_000; i++) {
      long foreign = containers + 1 + (random.nextLong() >>> 24);
      wrong += mayHold(ring, foreign << 16) ? 1 : 0;
    }
    System.out.println("wrongly believed: " + wrong / 1000.0 + " %");
    assertTrue(wrong < 10_000, wrong + " of 100,000");
    assertFalse(ring.parts().getFirst().saturated());
  }

  @Test
  void whatIsOnTheRingIsFoundAndWhatHasGoneIsForgotten() {
    int segments = 40;
    RingSummary ring = new RingSummary(segments, SEGMENT);
    for (int round = 0; round < 5; round++) {
      for (int segment = 0; segment < segments; segment++) {
        ring.begin(segment);
        ring.add(address(round, segment), segment);
        for (int other = 0; other < segments; other++) {
          int in = other <= segment ? round : round - 1;
          assertTrue(in < 0 || mayHold(ring, address(in, other)), "round " + in + " of " + other);
        }
        assertTrue(ring.parts().size() <= RingSummary.QUARTERS + 1);
      }
      if (round >= 2) {
        int left = 0;
        for (int segment = 0; segment < segments; segment++) {
          left += mayHold(ring, address(round - 2, segment)) ? 1 : 0;
        }
        assertTrue(left < segments / 4, left + " of two rounds ago");
      }
    }
  }

  private static long address(int round, int segment) {
    return (round * 1000L + segment + 1) << 16;
  }

  @Test
  void newsAreToldUntilTheyAreTooMany() {
    SummaryPart part = new SummaryPart(1, 1 << 12);
    assertEquals(0, told(part.since(0, 100)).length);
    for (int group = 1; group <= 50; group++) {
      part.add(group * 1000L);
      part.add(group * 1000L);
    }
    long reached = part.additions();
    assertTrue(reached <= 50 && reached > 45, "counted once: " + reached);
    assertEquals(reached - 10, told(part.since(10, 100)).length);
    assertNull(part.since(0, 10));
    assertNull(part.since(reached + 1, 100), "it is not the same part");
    for (int group = 0; group < 20_000; group++) {
      part.add(1_000_000L + group);
    }
    assertNull(part.since(reached, 1 << 20));

    SummaryPart copy = new SummaryPart(1, part.size());
    for (int i = 0; i < part.size(); i++) {
      copy.merge(i, part.word(i));
    }
    assertTrue(copy.mayHold(1000) && copy.mayHold(1_000_000L + 19_999));
    assertEquals(part.saturated(), copy.saturated());
  }

  private static long[] told(long @Nullable [] value) {
    return Objects.requireNonNull(value);
  }
}
