package org.opendvx.server.bench.ledger;

import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * The files that a load works on and how they are cut in blocks.
 *
 * @param files how many
 * @param fileBytes size of each, a multiple of the block size
 * @param blockSize bytes of a block, the unit of generations and acknowledgements
 */
public record Span(int files, long fileBytes, int blockSize) {
  private static final long BLOCK_LIMIT = 1L << 27;

  /** Refuses what is empty, uneven or too large to keep account of. */
  public Span {
    if (files < 1 || files >= 1 << 24) {
      throw refuse(files + " files are not possible", "Choose 1 to 16777215");
    }
    if (blockSize < 512 || fileBytes < blockSize || fileBytes % blockSize != 0) {
      throw refuse(
          "Files of " + fileBytes + " bytes cannot be cut in blocks of " + blockSize,
          "Choose a size that is a multiple of the block size");
    }
    if (fileBytes / blockSize > BLOCK_LIMIT / files) {
      throw refuse(
          "More than " + BLOCK_LIMIT + " blocks are too many to keep account of",
          "Choose larger blocks, smaller files or fewer of them");
    }
  }

  /** Blocks of each file. */
  public int blocks() {
    return (int) (fileBytes / blockSize);
  }

  /** Bytes of all files. */
  public long totalBytes() {
    return files * fileBytes;
  }

  /** The name of a file of a load. */
  public static String fileName(int file) {
    return "dvx-bench-%04d".formatted(file);
  }

  private static DvxException refuse(String what, String remedy) {
    return DvxException.of(Kind.INVALID, what).remedy(remedy).build();
  }
}
