package org.opendvx.core.tree;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;

/** Random edits against a sorted map, with freezes, flushes and reloads between them. */
class TreeModelTest {
  private static final long SMALL_CACHE = 64 << 10;

  private record Frozen(FrozenTree tree, TreeMap<Long, Long> model) {}

  @RepeatedTest(12)
  void blockMapBehavesAsASortedMap(RepetitionInfo info) {
    Random random = new Random(info.getCurrentRepetition());
    HeapNodeLog log = new HeapNodeLog();
    TreeIo io = new TreeIo(log, SMALL_CACHE);
    BlockMap tree = BlockMap.empty(io);
    TreeMap<Long, Long> model = new TreeMap<>();
    List<Frozen> frozen = new ArrayList<>();
    long span = info.getCurrentRepetition() % 3 == 0 ? 3_000 : 1L << 34;
    long birth = 1;
    for (int step = 0; step < 20_000; step++) {
      long key = Math.floorMod(random.nextLong(), span);
      switch (random.nextInt(40)) {
        case 0 -> {
          long last = key + random.nextInt(1 + (int) Math.min(span, 1 << 28));
          Map<Long, Long> range = model.subMap(key, true, last, true);
          assertEquals(range.size(), tree.removeRange(key, last));
          range.clear();
        }
        case 1 -> {
          if (random.nextInt(10) == 0) {
            frozen.add(new Frozen(tree.freeze(), new TreeMap<>(model)));
          }
        }
        case 2 -> {
          if (random.nextInt(20) == 0) {
            RootRef ref = tree.freeze().flush(io, birth++);
            if (random.nextBoolean()) {
              tree = BlockMap.open(new TreeIo(log, SMALL_CACHE), ref);
            }
          }
        }
        case 3 -> {
          tree.put(key, 0);
          model.remove(key);
        }
        case 4, 5, 6, 7 -> {
          int count = 1 + random.nextInt(300);
          long[] values = new long[count];
          for (int i = 0; i < count; i++) {
            values[i] = random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(1 << 30);
            if (values[i] == 0) {
              model.remove(key + i);
            } else {
              model.put(key + i, values[i]);
            }
          }
          tree.putRange(key, values, 0, count);
          long[] back = new long[count + 7];
          tree.getRange(key, count, back, 7);
          for (int i = 0; i < count; i++) {
            assertEquals(values[i], back[7 + i]);
          }
        }
        default -> {
          long value = 1L + random.nextInt(1 << 30);
          tree.put(key, value);
          model.put(key, value);
        }
      }
      assertEquals(model.size(), tree.count());
    }
    check(model, tree);
    for (Frozen snapshot : frozen) {
      check(snapshot.model, BlockMap.of(io, snapshot.tree));
      RootRef ref = snapshot.tree.flush(io, birth++);
      check(snapshot.model, BlockMap.open(new TreeIo(log, SMALL_CACHE), ref));
    }
  }

  private static void check(Map<Long, Long> model, BlockMap tree) {
    assertEquals(model.size(), tree.count());
    TreeMap<Long, Long> found = new TreeMap<>();
    tree.scan(
        0,
        (block, address) -> {
          assertTrue(found.isEmpty() || found.lastKey() < block, "ascending");
          found.put(block, address);
          return true;
        });
    assertEquals(model, found);
  }

  @RepeatedTest(6)
  void recordTreeBehavesAsASortedMap(RepetitionInfo info) {
    Random random = new Random(100 + info.getCurrentRepetition());
    HeapNodeLog log = new HeapNodeLog();
    TreeIo io = new TreeIo(log, SMALL_CACHE);
    RecordTree tree = RecordTree.empty(io);
    TreeMap<Long, byte[]> model = new TreeMap<>();
    for (int step = 0; step < 6_000; step++) {
      long key = random.nextInt(2_000) * 0x3fff_ffffL;
      if (random.nextInt(3) == 0) {
        assertEquals(model.remove(key) != null, tree.remove(key));
      } else {
        byte[] value =
            new byte[random.nextInt(50) == 0 ? RecordTree.MAX_RECORD : random.nextInt(300)];
        random.nextBytes(value);
        tree.put(key, value);
        model.put(key, value);
      }
      if (random.nextInt(500) == 0) {
        tree = RecordTree.open(new TreeIo(log, SMALL_CACHE), tree.freeze().flush(io, step));
      }
    }
    assertEquals(model.size(), tree.count());
    for (Map.Entry<Long, byte[]> entry : model.entrySet()) {
      assertArrayEquals(entry.getValue(), tree.get(entry.getKey()));
    }
    List<Long> keys = new ArrayList<>();
    long from = 1_000 * 0x3fff_ffffL;
    tree.scan(from, (key, _) -> keys.add(key));
    assertEquals(new ArrayList<>(model.tailMap(from, true).keySet()), keys);
  }

  @Test
  void aFlushWritesOnlyWhatChanged() {
    HeapNodeLog log = new HeapNodeLog();
    TreeIo io = new TreeIo(log, 64 << 20);
    BlockMap tree = BlockMap.empty(io);
    for (long block = 0; block < 1_000_000; block++) {
      tree.put(block * 131, block + 1);
    }
    tree.freeze().flush(io, 1);
    long before = log.writes.get();
    tree.put(77 * 131, 5);
    RootRef ref = tree.freeze().flush(io, 2);
    assertTrue(log.writes.get() - before <= 4, "one path");
    assertEquals(2, ref.birth());
    assertEquals(0, tree.freeze().flush(io, 3).birth() - 2, "nothing new, same root");
  }

  @Test
  void residentTellsWhetherALookUpWouldReadTheLog() {
    HeapNodeLog log = new HeapNodeLog();
    TreeIo io = new TreeIo(log, 64 << 20);
    BlockMap tree = BlockMap.empty(io);
    for (long block = 0; block < 10_000; block++) {
      tree.put(block, block + 1);
    }
    BlockMap cold = BlockMap.open(new TreeIo(log, 64 << 20), tree.freeze().flush(io, 1));
    assertFalse(cold.resident(5_000, 5_000));
    cold.get(5_000);
    assertTrue(cold.resident(5_000, 5_000));
    long reads = log.reads.get();
    assertEquals(5_001, cold.get(5_000));
    assertEquals(reads, log.reads.get());
  }

  @Test
  void blobsComeBack() {
    TreeIo io = new TreeIo(new HeapNodeLog(), 1 << 20);
    for (int length : new int[] {0, 1, 32 << 10, (32 << 10) + 1, 512 << 10}) {
      byte[] bytes = new byte[length];
      new Random(length).nextBytes(bytes);
      assertArrayEquals(bytes, Blob.write(io, bytes).read(io));
    }
  }

  @Test
  void hostileNodesAreRefused() {
    Random random = new Random(7);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(200)];
      random.nextBytes(bytes);
      if (bytes.length > 2) {
        bytes[0] = 1;
        bytes[1] = (byte) (1 + random.nextInt(3));
      }
      try {
        assertTrue(NodeCodec.decode(bytes, 1).size > 0);
      } catch (DvxException e) {
        assertTrue(e.render().contains("node"));
      }
    }
    assertThrows(DvxException.class, () -> NodeCodec.decode(new byte[] {9, 1, 0, 1}, 1));
  }

  @Test
  void rootRefIsTwentyFourBytes() {
    ByteBuffer buffer = ByteBuffer.allocate(RootRef.ENCODED);
    RootRef ref = new RootRef(1L << 40, 7, 9);
    ref.encode(buffer);
    assertFalse(buffer.hasRemaining());
    assertEquals(ref, RootRef.decode(buffer.flip()));
  }
}
