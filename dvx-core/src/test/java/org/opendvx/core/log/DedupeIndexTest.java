package org.opendvx.core.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.opendvx.core.codec.Fingerprint;

class DedupeIndexTest {
  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);

  DedupeIndexTest() {
    System.out.println("seed " + seed);
  }

  @Test
  void isExactWhileEverythingFits() {
    DedupeIndex index = new DedupeIndex(8 << 20);
    Map<Fingerprint, Long> model = new HashMap<>();
    // Few values for the bits that choose the place, so that runs collide, wrap and shrink.
    for (int i = 0; i < 400_000; i++) {
      long high = (long) random.nextInt(64) << 58 | random.nextInt(3000) * 1_400_000L;
      Fingerprint print = new Fingerprint(high, random.nextInt(2));
      Long known = model.get(print);
      assertEquals(known == null ? 0 : known, index.find(print.high(), print.low()));
      switch (random.nextInt(3)) {
        case 0 -> {
          long address = 1L + random.nextInt(1 << 20);
          index.put(print.high(), print.low(), address);
          model.put(print, address);
        }
        case 1 -> {
          if (known != null) {
            index.remove(print.high(), print.low(), known + 1);
            assertEquals(known, index.find(print.high(), print.low()));
            index.remove(print.high(), print.low(), known);
            model.remove(print);
          }
        }
        default -> {
          boolean room = index.putIfRoom(print.high(), print.low(), 77);
          assertTrue(room);
          model.putIfAbsent(print, 77L);
        }
      }
    }
    assertEquals(model.size(), index.size());
    model.forEach((print, address) -> assertEquals(address, index.find(print.high(), print.low())));
  }

  @Test
  void whenFullKeepsASampleInBoundedMemoryAndRemembersWhatIsRecent() {
    long bytes = 1 << 20;
    DedupeIndex index = new DedupeIndex(bytes);
    int many = 1_000_000;
    long[] highs = random.longs(many).toArray();
    long[] lows = random.longs(many).toArray();
    for (int i = 0; i < many; i++) {
      index.put(highs[i], lows[i], i + 1);
    }
    assertTrue(index.size() * 24 <= bytes);
    assertTrue(index.size() * 24 >= bytes / 5, "too little of the memory is used");
    assertFalse(index.putIfRoom(1, 1, 1));
    int old = 0;
    for (int i = 0; i < many / 2; i++) {
      long found = index.find(highs[i], lows[i]);
      assertTrue(found == 0 || found == i + 1);
      if (found != 0) {
        old++;
        assertTrue(index.isSample(highs[i], lows[i]));
      }
    }
    assertTrue(old > index.size() / 3, "the sample does not reach back");
    int recent = 0;
    for (int i = many - 1000; i < many; i++) {
      recent += index.find(highs[i], lows[i]) == i + 1 ? 1 : 0;
    }
    assertTrue(recent > 950, "recent ones are forgotten: " + recent);
    index.remove(highs[many - 1], lows[many - 1], many);
    assertEquals(0, index.find(highs[many - 1], lows[many - 1]));
  }

  @Test
  void aTinyIndexWorks() {
    DedupeIndex index = new DedupeIndex(0);
    for (int i = 1; i < 10_000; i++) {
      long high = random.nextLong();
      long low = random.nextLong();
      index.put(high, low, i);
      assertEquals(i, index.find(high, low));
    }
  }
}
