package org.opendvx.core.tree;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Records without bytes, as in the index of labels. */
class EmptyRecordsTest {
  private static final int COUNT = 30_000;
  private static final byte[] NOTHING = {};

  @Test
  void leavesAreSplitInTheMiddle() {
    HeapNodeLog log = new HeapNodeLog();
    TreeIo io = new TreeIo(log, 1 << 20);
    RecordTree tree = RecordTree.empty(io);
    Random random = new Random(1);
    for (int i = 0; i < COUNT; i++) {
      tree.put(random.nextLong() >>> 1, NOTHING);
    }
    RootRef root = tree.freeze().flush(io, 1);
    assertEquals(COUNT, root.count());
    // A leaf holds 512, and half of that after a split.
    assertTrue(log.writes.get() < COUNT / 200, log.writes.get() + " nodes");
  }

  @Test
  void aRangeIsCountedWithoutVisitingIt() {
    HeapNodeLog log = new HeapNodeLog();
    TreeIo io = new TreeIo(log, 1 << 20);
    RecordTree tree = RecordTree.empty(io);
    for (int i = 0; i < COUNT; i++) {
      tree.put(2L * i, NOTHING);
    }
    RootRef root = tree.freeze().flush(io, 1);
    RecordTree reader = RecordTree.open(new TreeIo(log, 1 << 20), root);
    assertEquals(COUNT, reader.countRange(0, Long.MAX_VALUE));
    assertEquals(0, reader.countRange(1, 1));
    assertEquals(1, reader.countRange(2, 3));
    assertEquals(0, reader.countRange(3, 2));
    Random random = new Random(2);
    for (int i = 0; i < 1_000; i++) {
      long first = random.nextInt(2 * COUNT + 10);
      long last = random.nextInt(2 * COUNT + 10);
      long expected = 0;
      if (first <= last) {
        expected = Math.min(last / 2, COUNT - 1L) - (first + 1) / 2 + 1;
      }
      assertEquals(Math.max(0, expected), reader.countRange(first, last), first + " to " + last);
    }
    RecordTree cold = RecordTree.open(new TreeIo(log, 1 << 20), root);
    log.reads.set(0);
    assertEquals(COUNT - 10_000, cold.countRange(20_000, 2L * COUNT - 1), "the upper part");
    assertTrue(log.reads.get() <= 6, log.reads.get() + " nodes read");
  }
}
