package org.opendvx.server.demo.load;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.opendvx.server.bench.pattern.BlockPattern;
import org.opendvx.server.demo.nfs.NfsPipeline;

/** Finds out how far each sequence had come when a snapshot was cut, from its bytes alone. */
public final class CutFinder {
  private final NfsPipeline pipeline;
  private final View view;

  /** Looks at this view. */
  public CutFinder(NfsPipeline pipeline, View view) {
    this.pipeline = pipeline;
    this.view = view;
  }

  /** The number of the last write of each sequence that the view holds. */
  public long[] find(List<SequencePlan> plans) throws IOException, InterruptedException {
    long[] found = new long[plans.size()];
    for (SequencePlan plan : plans) {
      long n = newestInRing(plan);
      // Writes to scattered chunks are not in the ring; no two of them follow each other.
      while (holds(plan, n + 1)) {
        n++;
      }
      found[plan.sequence()] = n;
    }
    return found;
  }

  private long newestInRing(SequencePlan plan) throws IOException, InterruptedException {
    AtomicLong newest = new AtomicLong();
    for (int disk = 0; disk < plan.disks(); disk++) {
      for (int slot = 0; slot < plan.slotsPerDisk(); slot++) {
        long offset = plan.slotOffset(disk, slot);
        pipeline.read(
            view.handles().get(disk),
            offset,
            ScatteredChunks.CHUNK,
            (data, at) ->
                newest.accumulateAndGet(BlockPattern.generationAt(data, at) - 1, Math::max));
      }
    }
    pipeline.drain();
    return newest.get();
  }

  private boolean holds(SequencePlan plan, long n) throws IOException, InterruptedException {
    SequencePlan.Place place = plan.place(n);
    AtomicLong generation = new AtomicLong();
    pipeline.read(
        view.handles().get(place.disk()),
        place.offset(),
        ScatteredChunks.CHUNK,
        (data, at) -> generation.set(BlockPattern.generationAt(data, at)));
    pipeline.drain();
    return generation.get() == SequencePlan.generation(n);
  }
}
