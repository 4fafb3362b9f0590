package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A cut takes time by the number of files, not by their size, and copies nothing. */
class CutCostTest {
  private static final int MAPPED = 250_000;
  private static final int CUTS = 21;
  private static final long SPAN_BLOCKS = (500L << 30) / 4096;

  /** Generous: this machine may be busy with other things. Idle, it is some tens of µs. */
  private static final long MOST_NANOS = 5_000_000;

  @Test
  void aCutOfALargeDirtyFileIsShort() {
    try (TestStore store = TestStore.fresh()) {
      List<FileKey> disks = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        disks.add(store.file(FileKey.ROOT, "disk" + i));
      }
      FileKey large = disks.getFirst();
      Random random = new Random(1);
      byte[] content = new byte[4096];
      random.nextBytes(content);
      for (int i = 0; i < MAPPED; i++) {
        scatter(store, large, random, content);
      }
      TestStore.get(store.store.commit(large));
      List<Long> held = new ArrayList<>();
      for (int cut = 0; cut < CUTS; cut++) {
        for (int i = 0; i < 200; i++) {
          scatter(store, large, random, content);
        }
        held.add(store.cut("s" + cut, disks.toArray(new FileKey[0])).heldNanos());
      }
      held.sort(null);
      long median = held.get(CUTS / 2);
      assertTrue(median < MOST_NANOS, "writes were held for " + held);
    }
  }

  private static void scatter(TestStore store, FileKey file, Random random, byte[] content) {
    long block = Math.floorMod(random.nextLong(), SPAN_BLOCKS);
    TestStore.get(
        store.store.write(Caller.SYSTEM, file, block * 4096, ByteBuffer.wrap(content), false));
  }
}
