package org.opendvx.server.demo.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The expected state and the plan behind it, against writing it all down one by one. */
class ExpectedStateTest {
  private static final int DISKS = 5;
  private static final int SLOTS = 3;
  private static final ScatteredChunks CHUNKS =
      new ScatteredChunks(40, 40L * 7 * ScatteredChunks.CHUNK, 99);
  private static final List<SequencePlan> PLANS = plans(3);

  private static List<SequencePlan> plans(int sequences) {
    List<SequencePlan> plans = new ArrayList<>();
    for (int i = 0; i < sequences; i++) {
      plans.add(new SequencePlan(i, sequences, DISKS, SLOTS, CHUNKS.span(), CHUNKS));
    }
    return plans;
  }

  private record Unit(int disk, long offset) {}

  @Property(tries = 60)
  void itIsWhatTheWritesLeaveBehind(
      @ForAll @IntRange(max = 300) int first,
      @ForAll @IntRange(max = 300) int second,
      @ForAll @IntRange(max = 300) int third) {
    long[] done = {first, second, third};
    Map<Unit, Long> written = new HashMap<>();
    for (int chunk = 0; chunk < CHUNKS.count(); chunk++) {
      written.put(new Unit(0, CHUNKS.offset(chunk)), ChunkFill.GENERATION);
    }
    for (SequencePlan plan : PLANS) {
      for (long n = 1; n <= done[plan.sequence()]; n++) {
        SequencePlan.Place place = plan.place(n);
        for (int at = 0; at < place.length(); at += ScatteredChunks.CHUNK) {
          written.put(new Unit(place.disk(), place.offset() + at), SequencePlan.generation(n));
        }
      }
    }
    ExpectedState state = new ExpectedState(PLANS, done);
    for (int chunk = 0; chunk < CHUNKS.count(); chunk++) {
      assertEquals(written.get(new Unit(0, CHUNKS.offset(chunk))), state.ofChunk(chunk));
    }
    for (SequencePlan plan : PLANS) {
      for (int disk = 0; disk < DISKS; disk++) {
        for (int slot = 0; slot < SLOTS; slot++) {
          for (int unit = 0; unit < SequencePlan.SLOT / ScatteredChunks.CHUNK; unit++) {
            long offset = plan.slotOffset(disk, slot) + (long) unit * ScatteredChunks.CHUNK;
            assertEquals(
                written.getOrDefault(new Unit(disk, offset), ExpectedState.HOLE),
                state.ofRing(plan.sequence(), disk, slot, unit),
                () -> plan + " done " + done[plan.sequence()]);
          }
        }
      }
    }
  }

  @Test
  void writesThatFollowEachOtherInTheRingGoToDifferentDisks() {
    SequencePlan plan = PLANS.getFirst();
    int before = -1;
    for (long n = 1; n < 500; n++) {
      if (plan.scattered(n) < 0) {
        assertNotEquals(before, plan.place(n).disk(), "write " + n);
        before = plan.place(n).disk();
      }
    }
  }

  @Test
  void sequencesNeverShareAPlace() {
    Map<Unit, Integer> owners = new HashMap<>();
    Set<Integer> disks = new HashSet<>();
    for (SequencePlan plan : PLANS) {
      for (long n = 1; n < 2000; n++) {
        SequencePlan.Place place = plan.place(n);
        disks.add(place.disk());
        for (int at = 0; at < place.length(); at += ScatteredChunks.CHUNK) {
          Integer owner =
              owners.putIfAbsent(new Unit(place.disk(), place.offset() + at), plan.sequence());
          assertTrue(owner == null || owner == plan.sequence(), "write " + n + " of " + plan);
        }
      }
    }
    assertEquals(DISKS, disks.size());
  }
}
