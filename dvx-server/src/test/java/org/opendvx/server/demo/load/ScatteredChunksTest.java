package org.opendvx.server.demo.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ScatteredChunksTest {
  @Property(tries = 200)
  void everyChunkLiesOnItsOwnPlaceWithinTheSpan(
      @ForAll @IntRange(min = 1, max = 3000) int count,
      @ForAll @IntRange(min = 1, max = 40) int stretch,
      @ForAll long seed) {
    long span = (long) count * stretch * ScatteredChunks.CHUNK;
    ScatteredChunks chunks = new ScatteredChunks(count, span, seed);
    long last = -ScatteredChunks.CHUNK;
    for (int chunk = 0; chunk < count; chunk++) {
      long offset = chunks.offset(chunk);
      assertEquals(0, offset % ScatteredChunks.CHUNK);
      assertTrue(offset >= last + ScatteredChunks.CHUNK, "chunks overlap");
      assertTrue(offset + ScatteredChunks.CHUNK <= span, "a chunk lies behind the span");
      last = offset;
    }
  }

  @Property(tries = 200)
  void theScatteredOrderVisitsEveryChunkOnce(@ForAll @IntRange(min = 1, max = 5000) int count) {
    ScatteredChunks chunks = new ScatteredChunks(count, (long) count * ScatteredChunks.CHUNK, 1);
    BitSet seen = new BitSet();
    for (int i = 0; i < count; i++) {
      seen.set(chunks.inScatteredOrder(i));
    }
    assertEquals(count, seen.cardinality());
  }

  @Test
  void moreChunksThanFitAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new ScatteredChunks(11, 10L * ScatteredChunks.CHUNK, 1));
  }
}
