package org.opendvx.core.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Zstandard frames (RFC 8878) without checksum or dictionary. */
final class ZstdCodec implements ChunkCodec {
  static final byte ID = 2;

  /** For decompression, which depends on no level. */
  static final ZstdCodec READER = new ZstdCodec(1);

  /**
   * Contexts hold native memory that only close() frees, so they are not tied to threads: as many
   * live on, for the life of the process, as were ever in use at the same time.
   */
  private static final ConcurrentLinkedQueue<ZstdDecompressCtx> DECOMPRESSORS =
      new ConcurrentLinkedQueue<>();

  private static final ConcurrentLinkedQueue<ZstdCompressCtx> COMPRESSORS =
      new ConcurrentLinkedQueue<>();

  private final int level;

  ZstdCodec(int level) {
    if (level < 1 || level > Zstd.maxCompressionLevel()) {
      throw new IllegalArgumentException("no such zstd level: " + level);
    }
    this.level = level;
  }

  @Override
  public byte id() {
    return ID;
  }

  @Override
  public int maxCompressedLength(int plainLength) {
    return Math.toIntExact(Zstd.compressBound(plainLength));
  }

  @Override
  public int compress(byte[] plain, int offset, int length, byte[] target, int targetOffset) {
    ZstdCompressCtx waiting = COMPRESSORS.poll();
    ZstdCompressCtx context = waiting != null ? waiting : new ZstdCompressCtx();
    try {
      context.setLevel(level);
      return context.compressByteArray(
          target, targetOffset, target.length - targetOffset, plain, offset, length);
    } finally {
      COMPRESSORS.add(context);
    }
  }

  @Override
  public int decompress(
      byte[] compressed, int offset, int length, byte[] target, int targetOffset, int plainLength) {
    ZstdDecompressCtx waiting = DECOMPRESSORS.poll();
    ZstdDecompressCtx context = waiting != null ? waiting : new ZstdDecompressCtx();
    try {
      return context.decompressByteArray(
          target, targetOffset, plainLength, compressed, offset, length);
    } catch (ZstdException e) {
      return -1;
    } finally {
      DECOMPRESSORS.add(context);
    }
  }
}
