package org.opendvx.server.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.log.LogSettings;
import org.opendvx.server.config.ByteSize;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.config.MemorySection;

/** What the engine may keep fits in the heap. */
class HeapShareTest {
  private static final long MIB = 1L << 20;

  @Test
  void aHeapOfOneGibibyteHoldsWhatIsUsual() {
    MemorySection usual = ConfigLoader.defaults().memory();
    DatastoreSettings settings = HeapShare.settings(usual, 1024 * MIB);
    LogSettings log = settings.log();
    assertEquals(usual.readCache().bytes(), log.cacheBytes());
    assertEquals(usual.dedupeIndex().bytes(), log.indexBytes());
    assertEquals(DatastoreSettings.DEFAULT.nodeCacheBytes(), settings.nodeCacheBytes());
    assertEquals(LogSettings.DEFAULT.containersInFlight(), log.containersInFlight());
  }

  @ParameterizedTest
  @ValueSource(longs = {384, 512, 768, 2048})
  void cachesAreMadeSmallerForASmallHeap(long mebibytes) {
    MemorySection much = new MemorySection(ByteSize.parse("64GiB"), ByteSize.parse("16GiB"), false);
    for (MemorySection memory : new MemorySection[] {ConfigLoader.defaults().memory(), much}) {
      DatastoreSettings settings = HeapShare.settings(memory, mebibytes * MIB);
      LogSettings log = settings.log();
      long all =
          log.cacheBytes()
              + log.indexBytes()
              + log.tocCacheBytes()
              + settings.nodeCacheBytes()
              + 16L * log.containersInFlight() * MIB
              + 96 * MIB;
      assertTrue(all <= mebibytes * MIB * 3 / 4, all / MIB + " of " + mebibytes);
    }
  }
}
