package org.opendvx.core.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChunkCacheTest {
  private static final int CAPACITY = 64 * 16;
  private final ChunkCache cache = new ChunkCache(CAPACITY * 4160L);

  @Test
  void givesBackWhatWasPutOrNothingAndNeverMoreThanFits() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Map<Long, byte[]> model = new HashMap<>();
    for (int i = 0; i < 300_000; i++) {
      long address = ChunkAddress.of(1 + random.nextInt(20), random.nextInt(400));
      byte[] found = cache.get(address);
      if (found != null) {
        assertSame(model.get(address), found);
      }
      if (random.nextInt(3) == 0) {
        byte[] chunk = new byte[0];
        model.put(address, chunk);
        cache.put(address, chunk);
        assertSame(chunk, cache.get(address));
      }
    }
    long held = model.keySet().stream().filter(address -> cache.get(address) != null).count();
    assertTrue(held <= CAPACITY && held > CAPACITY * 9 / 10, "held " + held);
  }

  @Test
  void aLongScanDoesNotDriveOutWhatIsReadAgain() {
    for (int i = 1; i <= CAPACITY / 4; i++) {
      cache.put(i, new byte[0]);
    }
    for (int round = 0; round < 20; round++) {
      for (int i = 0; i < 3 * CAPACITY / 4; i++) {
        cache.get(1 + i % (CAPACITY / 4));
      }
      for (int i = 0; i < 2 * CAPACITY; i++) {
        cache.put(1_000_000L + 2L * round * CAPACITY + i, new byte[0]);
      }
    }
    int kept = 0;
    for (int i = 1; i <= CAPACITY / 4; i++) {
      kept += cache.get(i) != null ? 1 : 0;
    }
    assertTrue(kept > CAPACITY / 4 * 9 / 10, "kept " + kept);
  }

  @Test
  void noMemoryMeansNoCache() {
    ChunkCache none = new ChunkCache(0);
    none.put(1, new byte[0]);
    assertNull(none.get(1));
    assertEquals(null, none.get(2));
  }
}
