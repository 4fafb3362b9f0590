package org.opendvx.server.demo.load;

import java.io.IOException;
import org.opendvx.server.bench.pattern.BlockPattern;
import org.opendvx.server.bench.pattern.PatternSettings;
import org.opendvx.server.demo.nfs.NfsPipeline;

/** Writes the scattered chunks for the first time: UNSTABLE, with COMMITs. */
public final class ChunkFill {
  /** The generation that the fill stamps on its chunks. */
  public static final long GENERATION = 1;

  private static final int COMMIT_EVERY = 16_384;

  private ChunkFill() {}

  /**
   * Writes them all and makes them durable.
   *
   * @param disk the disk's number, for the stamp
   */
  public static void run(
      NfsPipeline pipeline,
      byte[] handle,
      int disk,
      ScatteredChunks chunks,
      PatternSettings settings)
      throws IOException, InterruptedException {
    BlockPattern content = new BlockPattern(settings);
    for (int i = 0; i < chunks.count(); i++) {
      long offset = chunks.offset(chunks.inScatteredOrder(i));
      pipeline.write(
          handle,
          offset,
          ScatteredChunks.CHUNK,
          out -> content.fill(out, disk, offset, GENERATION, ScatteredChunks.CHUNK));
      if (i % COMMIT_EVERY == COMMIT_EVERY - 1) {
        pipeline.commit(handle);
      }
    }
    pipeline.drain();
    pipeline.commit(handle);
    pipeline.drain();
  }
}
