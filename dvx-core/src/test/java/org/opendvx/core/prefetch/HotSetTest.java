package org.opendvx.core.prefetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** What is hot, in bounded memory; and what of it was used. */
final class HotSetTest {
  @Test
  void eachChunkIsListedOnceByHeatInOrder() {
    HotSet set = new HotSet(100);
    set.add(7, 2);
    set.add(5, 2);
    set.add(7, 2);
    set.add(1, 0);
    set.add(9, 99);
    assertArrayEquals(new long[] {5, 7}, set.of(2));
    assertArrayEquals(new long[] {1}, set.of(0));
    assertArrayEquals(new long[] {9}, set.of(4));
    assertFalse(set.dropped());
  }

  @Test
  void whenThereAreTooManyTheColdestAreLeftOut() {
    HotSet set = new HotSet(1000);
    for (int i = 0; i < 900; i++) {
      set.add(i, 1);
    }
    for (int i = 0; i < 500; i++) {
      set.add(10_000 + i, 3);
    }
    for (int i = 0; i < 900; i++) {
      set.add(20_000 + i, 1);
    }
    assertTrue(set.dropped());
    assertEquals(500, set.of(3).length);
    assertEquals(0, set.of(1).length);
    assertTrue(set.size() <= 1000);
  }

  @Test
  void repeatedOnesTakeNoRoom() {
    HotSet set = new HotSet(1000);
    for (int i = 0; i < 10_000; i++) {
      set.add(i % 600, 1 + i % 2);
    }
    assertFalse(set.dropped());
    assertEquals(600, set.of(1).length + set.of(2).length);
  }

  @Test
  void usedChunksAreCountedOnceAndEstimatedFromASample() {
    for (int chunks : new int[] {1000, 500_000}) {
      UsedSample sample = new UsedSample(chunks);
      for (int i = 1; i <= chunks; i++) {
        sample.fetched(i);
      }
      for (int round = 0; round < 2; round++) {
        for (int i = 1; i <= chunks / 2; i++) {
          sample.read(i);
        }
      }
      assertEquals(chunks / 2.0, (double) sample.used(), chunks * 0.05, chunks + " chunks");
    }
  }
}
