package org.opendvx.server.bench.pattern;

import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * What the written bytes are like.
 *
 * @param seed chooses the random bytes; a reader must use the writer's
 * @param unitSize bytes that carry one stamp: 4096, or 512 for smaller blocks
 * @param compressibility plain size over LZ4 size of each unit; 1 for random bytes
 * @param duplicatePercent share of the units that repeat one of a small set, 0 to 100
 * @param duplicatePool how many different units that set has
 */
public record PatternSettings(
    long seed, int unitSize, double compressibility, int duplicatePercent, int duplicatePool) {

  /** Largest compressibility that the smallest unit can have beside its stamp. */
  public static final double HIGHEST_COMPRESSIBILITY = 6.0;

  /** Unit of blocks that are whole chunks. */
  public static final int CHUNK = 4096;

  /** Unit of smaller blocks. */
  public static final int SECTOR = 512;

  /** Refuses what cannot be made. */
  public PatternSettings {
    require(unitSize == CHUNK || unitSize == SECTOR, "unit size", unitSize, "512 or 4096");
    require(
        compressibility >= 1 && compressibility <= HIGHEST_COMPRESSIBILITY,
        "compressibility",
        compressibility,
        "1 to 6");
    require(
        duplicatePercent >= 0 && duplicatePercent <= 100,
        "duplicate percentage",
        duplicatePercent,
        "0 to 100");
    require(
        duplicatePool >= 1 && duplicatePool <= 1_000_000,
        "duplicate pool",
        duplicatePool,
        "1 to 1000000");
  }

  /** The unit for blocks of {@code blockSize} bytes. */
  public static int unitFor(int blockSize) {
    require(blockSize > 0 && blockSize % SECTOR == 0, "block size", blockSize, "multiples of 512");
    return blockSize % CHUNK == 0 ? CHUNK : SECTOR;
  }

  private static void require(boolean holds, String what, Number given, String allowed) {
    if (!holds) {
      throw DvxException.of(Kind.INVALID, "The " + what + " " + given + " is not possible")
          .cause("It must be " + allowed)
          .remedy("Choose another value")
          .build();
    }
  }
}
