package org.opendvx.server.demo.load;

import java.util.Arrays;
import java.util.List;

/**
 * What the disks must hold at the instant when exactly the first N writes of each sequence were
 * done: the generation of every chunk, to the byte. Immutable.
 */
public final class ExpectedState {
  /** Nothing was written there. */
  public static final long HOLE = 0;

  private final List<SequencePlan> plans;
  private final long[] done;
  private final long[] scattered;

  /**
   * Works it out.
   *
   * @param plans one for each sequence, with the same chunks
   * @param done how many writes of each sequence were done
   */
  public ExpectedState(List<SequencePlan> plans, long[] done) {
    this.plans = List.copyOf(plans);
    this.done = done.clone();
    this.scattered = new long[plans.getFirst().chunks().count()];
    Arrays.fill(scattered, ChunkFill.GENERATION);
    for (SequencePlan plan : plans) {
      for (long n = 1; n <= done[plan.sequence()]; n++) {
        int chunk = plan.scattered(n);
        if (chunk >= 0) {
          scattered[chunk] = SequencePlan.generation(n);
        }
      }
    }
  }

  /** The generation of a scattered chunk. */
  public long ofChunk(int chunk) {
    return scattered[chunk];
  }

  /**
   * The generation of a chunk in a ring slot, or {@link #HOLE}.
   *
   * @param unit the chunk's number in the slot, from 0
   */
  public long ofRing(int sequence, int disk, int slot, int unit) {
    SequencePlan plan = plans.get(sequence);
    for (long n = plan.lastInSlot(disk, slot, done[sequence]); n > 0; n = plan.before(n)) {
      if (plan.place(n).length() > unit * ScatteredChunks.CHUNK) {
        return SequencePlan.generation(n);
      }
    }
    return HOLE;
  }
}
