package org.opendvx.core.pool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** What every pool must do, whoever keeps it. */
public abstract class PoolContract {
  private static final Epoch EPOCH = new Epoch("host-a", 1);

  /** A new pool, open; closed by who made it. */
  protected abstract Pool pool();

  @Test
  void containersAreReadBackInAnyRange() {
    ContainerStore containers = pool().containers();
    for (int size : new int[] {1, 5000, 300_007, ContainerStore.MAX_LENGTH}) {
      long id = size;
      int length = size;
      byte[] content = bytes(id, length);
      containers.put(EPOCH, id, content, length);
      assertEquals(OptionalInt.of(length), containers.length(id));
      Random random = new Random(id);
      for (int i = 0; i < 20; i++) {
        int offset = random.nextInt(length);
        int count = random.nextInt(length - offset + 1);
        byte[] target = new byte[count + 2];
        containers.read(id, offset, count, target, 1);
        assertArrayEquals(
            Arrays.copyOfRange(content, offset, offset + count),
            Arrays.copyOfRange(target, 1, count + 1));
        assertEquals(0, target[count + 1]);
      }
    }
  }

  @Test
  void containersAreWrittenOnceListedAndDeleted() {
    ContainerStore containers = pool().containers();
    for (long id : new long[] {9, 3, 1L << 40}) {
      containers.put(EPOCH, id, bytes(id, 100), 100);
    }
    assertEquals(Kind.EXISTS, kindOf(() -> containers.put(EPOCH, 3, bytes(77, 100), 100)));
    assertEquals(List.of(3L, 9L, 1L << 40), ids(containers));
    assertEquals(3, containers.count());
    containers.delete(EPOCH, 9);
    containers.delete(EPOCH, 9);
    assertEquals(List.of(3L, 1L << 40), ids(containers));
    assertEquals(OptionalInt.empty(), containers.length(9));
    byte[] target = new byte[100];
    assertEquals(Kind.NOT_FOUND, kindOf(() -> containers.read(9, 0, 1, target, 0)));
    assertEquals(Kind.INVALID, kindOf(() -> containers.read(3, 50, 51, target, 0)));
    assertEquals(Kind.INVALID, kindOf(() -> containers.put(EPOCH, 0, target, 1)));
  }

  @Test
  void recordsChangeByCompareAndSet() {
    RecordStore records = pool().records();
    assertTrue(records.get("root/a").isEmpty());
    assertEquals(1, records.put(EPOCH, "root/a", 0, bytes(1, 10)));
    assertEquals(Kind.CONFLICT, kindOf(() -> records.put(EPOCH, "root/a", 0, bytes(2, 10))));
    byte[] large = bytes(3, RecordStore.MAX_VALUE);
    assertEquals(2, records.put(EPOCH, "root/a", 1, large));
    assertEquals(2, records.get("root/a").orElseThrow().version());
    assertArrayEquals(large, records.get("root/a").orElseThrow().value());
    records.put(EPOCH, "root/b", 0, new byte[0]);
    records.put(EPOCH, "other", 0, new byte[0]);
    assertEquals(List.of("root/a", "root/b"), records.keys("root/"));
    assertEquals(0, records.get("other").orElseThrow().value().length);
    assertEquals(
        Kind.INVALID,
        kindOf(() -> records.put(EPOCH, "big", 0, new byte[RecordStore.MAX_VALUE + 1])));
  }

  @Test
  void theJournalIsReplayedFromWhereItIsAsked() {
    Pool pool = pool();
    JournalStore journal = pool.journal("host-a");
    assertEquals(0, journal.replay(1, (_, _, _) -> {}));
    journal.append(EPOCH, 1, 4, text("one"));
    journal.append(EPOCH, 5, 5, text("two"));
    journal.append(EPOCH, 9, 12, text("three"));
    assertEquals(Kind.INVALID, kindOf(() -> journal.append(EPOCH, 11, 13, text("x"))));
    assertTrue(journal.usedBytes() > 0 && journal.usedBytes() <= journal.capacityBytes());
    assertEquals(Kind.CONFLICT, kindOf(() -> pool.journal("host-a")));
    journal.close();

    JournalStore again = pool.journal("host-a");
    List<String> found = new ArrayList<>();
    assertEquals(
        12, again.replay(5, (first, last, batch) -> found.add(first + "-" + last + read(batch))));
    assertEquals(List.of("5-5two", "9-12three"), found);
    again.append(EPOCH, 13, 13, text("four"));
    again.trim(EPOCH, 13);
    again.close();
    try (JournalStore third = pool.journal("host-a")) {
      found.clear();
      assertEquals(13, third.replay(13, (_, _, batch) -> found.add(read(batch))));
      assertEquals(List.of("four"), found);
    }
  }

  @Test
  void journalsOfHostsAreApart() {
    Pool pool = pool();
    try (JournalStore a = pool.journal("host-a");
        JournalStore b = pool.journal("host-b")) {
      a.replay(1, (_, _, _) -> {});
      b.replay(1, (_, _, _) -> {});
      a.append(EPOCH, 1, 1, text("of a"));
      b.append(new Epoch("host-b", 1), 1, 1, text("of b"));
    }
    try (JournalStore b = pool.journal("host-b")) {
      List<String> found = new ArrayList<>();
      b.replay(1, (_, _, batch) -> found.add(read(batch)));
      assertEquals(List.of("of b"), found);
    }
  }

  @Test
  void aFencedHostChangesNothing() {
    Pool pool = pool();
    JournalStore journal = pool.journal("host-a");
    journal.replay(1, (_, _, _) -> {});
    assertEquals(5, pool.fence("host-a", 5));
    assertEquals(5, pool.fence("host-a", 3));
    byte[] one = {1};
    assertEquals(Kind.CONFLICT, kindOf(() -> pool.containers().put(EPOCH, 1, one, 1)));
    assertEquals(Kind.CONFLICT, kindOf(() -> pool.containers().delete(EPOCH, 1)));
    assertEquals(Kind.CONFLICT, kindOf(() -> pool.records().put(EPOCH, "a", 0, one)));
    assertEquals(Kind.CONFLICT, kindOf(() -> journal.append(EPOCH, 1, 1, text("x"))));
    journal.append(new Epoch("host-a", 5), 1, 1, text("x"));
    pool.records().put(new Epoch("host-b", 1), "a", 0, one);
    journal.close();
  }

  @Test
  void tellsItsStateAndKeepsItsIdentity() {
    Pool pool = pool();
    assertEquals(pool.id(), pool.id());
    PoolStatus status = pool.status();
    assertEquals(PoolStatus.Health.HEALTHY, status.health(), status.summary());
    assertTrue(status.capacity().freeBytes() > 0);
  }

  private static List<Long> ids(ContainerStore containers) {
    List<Long> ids = new ArrayList<>();
    containers.forEach(ids::add);
    return ids;
  }

  static Kind kindOf(Runnable call) {
    return assertThrows(DvxException.class, call::run).kind();
  }

  static ByteBuffer text(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  static String read(ByteBuffer batch) {
    byte[] bytes = new byte[batch.remaining()];
    batch.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
