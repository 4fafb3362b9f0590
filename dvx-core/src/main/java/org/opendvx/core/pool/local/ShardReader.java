package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** Reads ranges of single shards, in whole checksum blocks, each verified. */
final class ShardReader {
  /** Bytes read at once; a multiple of the checksum block. */
  private static final int STEP = 1 << 20;

  private static final ThreadLocal<CRC32C> CRC = ThreadLocal.withInitial(CRC32C::new);

  private final ShardCache cache;

  ShardReader(ShardCache cache) {
    this.cache = cache;
  }

  /**
   * Reads a range of a shard on a thread of its drive.
   *
   * @throws BadShardException when a block does not match its checksum
   */
  void read(
      DriveIo.Ticket ticket,
      Drive drive,
      ShardName name,
      int from,
      int length,
      byte[] target,
      int targetOffset)
      throws IOException {
    int shardLength = name.shape().shardLength();
    try (ShardCache.OpenShard shard = cache.open(drive, name)) {
      int at = from;
      int end = from + length;
      while (at < end) {
        int blockFrom = at - at % ShardHeader.CRC_BLOCK;
        int blockEnd = Math.min(shardLength, roundUp(Math.min(end, blockFrom + STEP)));
        ByteBuffer bytes = Buffers.ofThread(blockEnd - blockFrom);
        if (shard.file().read(bytes, (long) ShardHeader.BYTES + blockFrom) < bytes.limit()) {
          throw new BadShardException("shorter than it should be");
        }
        bytes.flip();
        if (!shard.header().verifies(bytes, blockFrom, CRC.get())) {
          throw new BadShardException("checksum mismatch");
        }
        int skip = at - blockFrom;
        int take = Math.min(end, blockEnd) - at;
        int to = targetOffset + at - from;
        ticket.whileAwaited(() -> bytes.get(skip, target, to, take));
        at += take;
      }
    }
  }

  private static int roundUp(int at) {
    return (at + ShardHeader.CRC_BLOCK - 1) & -ShardHeader.CRC_BLOCK;
  }
}
