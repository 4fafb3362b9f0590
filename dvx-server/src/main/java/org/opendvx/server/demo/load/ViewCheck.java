package org.opendvx.server.demo.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.opendvx.server.bench.pattern.BlockPattern;
import org.opendvx.server.bench.pattern.Expected;
import org.opendvx.server.bench.pattern.PatternSettings;
import org.opendvx.server.bench.pattern.Verdict;
import org.opendvx.server.demo.nfs.NfsPipeline;

/** Reads everything that was written to a machine's disks and compares it with what must be. */
public final class ViewCheck {
  private final NfsPipeline pipeline;
  private final View view;
  private final BlockPattern pattern;
  private final Tally tally;

  /** Checks this view, counting into the tally. */
  public ViewCheck(NfsPipeline pipeline, View view, PatternSettings settings, Tally tally) {
    this.pipeline = pipeline;
    this.view = view;
    this.pattern = new BlockPattern(settings);
    this.tally = tally;
  }

  /** Checks every ring of the sequences, holes included. */
  public void rings(List<SequencePlan> plans, ExpectedState state)
      throws IOException, InterruptedException {
    for (SequencePlan plan : plans) {
      for (int disk = 0; disk < plan.disks(); disk++) {
        for (int slot = 0; slot < plan.slotsPerDisk(); slot++) {
          ring(plan, disk, slot, state);
        }
      }
    }
    pipeline.drain();
  }

  private void ring(SequencePlan plan, int disk, int slot, ExpectedState state)
      throws IOException, InterruptedException {
    long offset = plan.slotOffset(disk, slot);
    pipeline.read(
        view.handles().get(disk),
        offset,
        SequencePlan.SLOT,
        (data, at) -> {
          for (int unit = 0; unit < SequencePlan.SLOT / ScatteredChunks.CHUNK; unit++) {
            int shift = unit * ScatteredChunks.CHUNK;
            long generation = state.ofRing(plan.sequence(), disk, slot, unit);
            check(data, at + shift, disk, offset + shift, generation);
          }
        });
  }

  /** Checks the scattered chunks of the first disk: every {@code step}th of them. */
  public void chunks(ScatteredChunks chunks, ExpectedState state, int step)
      throws IOException, InterruptedException {
    for (int i = 0; i < chunks.count(); i += step) {
      int chunk = chunks.inScatteredOrder(i);
      long offset = chunks.offset(chunk);
      pipeline.read(
          view.handles().getFirst(),
          offset,
          ScatteredChunks.CHUNK,
          (data, at) -> check(data, at, 0, offset, state.ofChunk(chunk)));
    }
    pipeline.drain();
  }

  private void check(ByteBuffer data, int at, int disk, long offset, long generation) {
    Expected expected = new Expected(generation, generation, generation == ExpectedState.HOLE);
    Verdict verdict = pattern.check(data, at, disk, offset, expected);
    tally.checked(ScatteredChunks.CHUNK);
    if (!verdict.isRight()) {
      tally.mismatch(
          "%s, disk %d at %d: %s, where write %d must be"
              .formatted(view.name(), disk, offset, verdict.text(), generation - 1));
    }
  }
}
