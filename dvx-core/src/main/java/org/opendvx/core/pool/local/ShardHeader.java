package org.opendvx.core.pool.local;

import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The first 4 KiB of a shard file: what it is, and a checksum of every 16 KiB of what follows.
 * Format: docs/formats/shard.md.
 */
final class ShardHeader {
  /** Bytes of the header; the data follow. */
  static final int BYTES = Layout.BLOCK;

  /** Bytes under one checksum. */
  static final int CRC_BLOCK = 16 << 10;

  private static final int MAGIC = 0x44565853; // "DVXS"
  private static final int CRC_TABLE_AT = 96;
  private static final int CRC_AT = BYTES - 4;

  private final ShardName name;
  private final int[] checksums;

  private ShardHeader(ShardName name, int[] checksums) {
    this.name = name;
    this.checksums = checksums;
  }

  ShardName name() {
    return name;
  }

  /**
   * Fills in the header of a shard whose data are already behind it.
   *
   * @param file the whole file's bytes from index 0, limit at the end
   */
  static void seal(ByteBuffer file, UUID pool, ShardName name) {
    StripeShape shape = name.shape();
    int shardLength = shape.shardLength();
    int blocks = blocks(shardLength);
    for (int i = 0; i < BYTES; i += Long.BYTES) {
      file.putLong(i, 0);
    }
    file.putInt(0, MAGIC)
        .putShort(4, (short) DriveLabel.FORMAT)
        .put(6, (byte) shape.dataShards())
        .put(7, (byte) shape.parityShards())
        .put(8, (byte) name.shard())
        .putInt(12, name.attempt())
        .putLong(16, pool.getMostSignificantBits())
        .putLong(24, pool.getLeastSignificantBits())
        .putLong(32, name.containerId())
        .putInt(40, shape.length())
        .putInt(44, shardLength)
        .putInt(48, CRC_BLOCK)
        .putInt(52, blocks);
    CRC32C crc = new CRC32C();
    for (int i = 0; i < blocks; i++) {
      int from = i * CRC_BLOCK;
      file.putInt(
          CRC_TABLE_AT + 4 * i,
          crc(crc, file, BYTES + from, Math.min(CRC_BLOCK, shardLength - from)));
    }
    file.putInt(CRC_AT, crc(crc, file, 0, CRC_AT));
  }

  /**
   * Reads a header.
   *
   * @param expected what the file's name says
   * @return null when it is damaged, or not of this shard
   */
  static @Nullable ShardHeader decode(ByteBuffer header, UUID pool, ShardName expected) {
    StripeShape shape = expected.shape();
    int blocks = blocks(shape.shardLength());
    if (header.limit() < BYTES
        || header.getInt(CRC_AT) != crc(new CRC32C(), header, 0, CRC_AT)
        || header.getInt(0) != MAGIC
        || header.getShort(4) != DriveLabel.FORMAT
        || header.get(6) != shape.dataShards()
        || header.get(7) != shape.parityShards()
        || header.get(8) != expected.shard()
        || header.getInt(12) != expected.attempt()
        || header.getLong(16) != pool.getMostSignificantBits()
        || header.getLong(24) != pool.getLeastSignificantBits()
        || header.getLong(32) != expected.containerId()
        || header.getInt(40) != shape.length()
        || header.getInt(44) != shape.shardLength()
        || header.getInt(48) != CRC_BLOCK
        || header.getInt(52) != blocks) {
      return null;
    }
    int[] checksums = new int[blocks];
    for (int i = 0; i < blocks; i++) {
      checksums[i] = header.getInt(CRC_TABLE_AT + 4 * i);
    }
    return new ShardHeader(expected, checksums);
  }

  /**
   * Checks whole blocks of data.
   *
   * @param data the bytes from index 0 to the limit
   * @param from where in the shard they begin, a multiple of {@link #CRC_BLOCK}
   */
  boolean verifies(ByteBuffer data, int from, CRC32C crc) {
    for (int at = 0; at < data.limit(); at += CRC_BLOCK) {
      int length = Math.min(CRC_BLOCK, data.limit() - at);
      if (crc(crc, data, at, length) != checksums[(from + at) / CRC_BLOCK]) {
        return false;
      }
    }
    return true;
  }

  private static int blocks(int shardLength) {
    return (shardLength + CRC_BLOCK - 1) / CRC_BLOCK;
  }

  private static int crc(CRC32C crc, ByteBuffer bytes, int from, int length) {
    crc.reset();
    crc.update(bytes.slice(from, length));
    return (int) crc.getValue();
  }
}
