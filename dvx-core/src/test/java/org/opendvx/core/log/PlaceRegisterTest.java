package org.opendvx.core.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.PoolFaults;
import org.opendvx.core.testing.PoolFaults.Operation;
import org.opendvx.core.testing.PoolFaults.Verdict;

class PlaceRegisterTest {
  private static final Epoch EPOCH = new Epoch("host-a", 1);

  private final InMemoryPool pool = new InMemoryPool();

  private PlaceRegister load() {
    return PlaceRegister.load(pool.records(), EPOCH, _ -> {});
  }

  @Test
  void twoThatCleanTheSamePoolDoNotOverwriteEachOther() {
    PlaceRegister first = load();
    PlaceRegister second = load();
    first.condemn(List.of(7L));
    first.publish(new TreeMap<>(java.util.Map.of(3L, 9L)));
    DvxException refused = assertThrows(DvxException.class, () -> second.condemn(List.of(8L)));
    assertEquals(Kind.CONFLICT, refused.kind());
    refused =
        assertThrows(
            DvxException.class, () -> second.publish(new TreeMap<>(java.util.Map.of(3L, 10L))));
    assertEquals(Kind.CONFLICT, refused.kind());
    assertFalse(second.condemned(8));
    assertEquals(List.of(7L), load().condemnedNow());
    assertEquals(9, load().placeOf(3));
  }

  @Test
  void whoFollowsLearnsOfEverythingAndNeverTrustsWhatWasCondemned() {
    PlaceRegister cleaner = load();
    List<Long> forgotten = new ArrayList<>();
    PlaceRegister other =
        PlaceRegister.load(pool.records(), new Epoch("host-b", 1), forgotten::add);
    cleaner.condemn(List.of(7L, 8L));
    assertFalse(other.condemned(7));
    other.follow();
    assertTrue(other.condemned(7) && other.condemned(8));
    cleaner.intend(9);
    cleaner.publish(new TreeMap<>(java.util.Map.of(7L, 9L)));
    assertEquals(7, other.placeOf(7));
    other.lookAgain(7);
    assertEquals(9, other.placeOf(7));
    cleaner.settle(List.of(7L, 8L), List.of(9L));
    other.follow();
    assertFalse(other.condemned(7), "it was moved");
    assertTrue(other.condemned(8), "it was deleted, whatever is remembered of its length");
    assertEquals(List.of(7L, 8L), forgotten);
    cleaner.condemn(List.of(9L));
    other.follow();
    assertTrue(other.condemned(7) && other.condemned(9));
    assertEquals(List.of(9L), cleaner.condemnedNow());
    cleaner.follow();
    assertEquals(List.of(9L), cleaner.condemnedNow());
  }

  @Test
  void whoCannotReadTheRegisterKeepsWhatItKnows() {
    PlaceRegister cleaner = load();
    cleaner.condemn(List.of(7L));
    PlaceRegister other = PlaceRegister.load(pool.records(), new Epoch("host-b", 1), _ -> {});
    cleaner.condemn(List.of(8L));
    pool.faults(
        (op, _, _) ->
            op == Operation.RECORD_GET ? new Verdict.Fail(Kind.UNAVAILABLE) : Verdict.PROCEED);
    assertThrows(DvxException.class, other::follow);
    pool.faults(PoolFaults.NONE);
    assertTrue(other.condemned(7));
    other.follow();
    assertTrue(other.condemned(7) && other.condemned(8));
  }

  @Test
  void aWriteWhoseOutcomeIsUnknownIsFoundOutAboutBeforeTheNext() {
    for (Verdict verdict :
        List.of(new Verdict.Fail(Kind.UNAVAILABLE), new Verdict.FailAfter(Kind.UNAVAILABLE))) {
      PlaceRegister register = load();
      pool.faults((op, _, _) -> op == Operation.RECORD_PUT ? verdict : Verdict.PROCEED);
      assertThrows(DvxException.class, () -> register.condemn(List.of(7L)));
      assertFalse(register.condemned(7));
      pool.faults(PoolFaults.NONE);
      register.condemn(List.of(8L));
      assertTrue(register.condemned(8));
      assertEquals(List.of(8L), load().condemnedNow());
      register.settle(List.of(8L), List.of());
    }
  }

  @Test
  void aMapOfManyIsChangedInPlaceAndReadBackAsItWas() {
    long seed = System.nanoTime();
    System.out.println("moved containers, seed " + seed);
    Random random = new Random(seed);
    SortedMap<Long, Long> model = new TreeMap<>();
    PlaceRegister register = load();
    for (int round = 0; round < 60; round++) {
      SortedMap<Long, Long> moves = new TreeMap<>();
      for (int i = 0; i < 200; i++) {
        long container = 1 + random.nextLong(40_000);
        moves.put(container, random.nextInt(3) == 0 ? 0 : 100_000 + random.nextLong(1000));
      }
      register.publish(moves);
      moves.forEach(
          (container, place) -> {
            if (place == 0) {
              model.remove(container);
            } else {
              model.put(container, place);
            }
          });
      assertEquals(model.size(), register.moved());
    }
    for (PlaceRegister each : List.of(register, load())) {
      assertEquals(model.size(), each.moved());
      for (long container = 1; container <= 40_000; container++) {
        assertEquals(model.getOrDefault(container, container), each.placeOf(container));
      }
    }
  }

  /** A million moved containers are 16 MB: a change of one must not copy them. */
  @Test
  void whatAChangeCostsDoesNotDependOnHowManyWereMoved() {
    PlaceRegister register = load();
    for (long page = 0; page < 50; page++) {
      SortedMap<Long, Long> moves = new TreeMap<>();
      for (long i = 0; i < 4000; i++) {
        moves.put(page * PlacePages.PAGE + i + 1, 1_000_000 + i);
      }
      register.publish(moves);
    }
    assertEquals(200_000, register.moved());
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (long i = 0; i < 20; i++) {
      register.publish(new TreeMap<>(java.util.Map.of(i * PlacePages.PAGE + 1, 2_000_000 + i)));
    }
    long each = (threads.getCurrentThreadAllocatedBytes() - before) / 20;
    assertTrue(each < 2 << 20, () -> each + " bytes for a change");
  }
}
