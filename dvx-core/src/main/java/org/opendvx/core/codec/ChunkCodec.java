package org.opendvx.core.codec;

import org.jspecify.annotations.Nullable;

/**
 * A way to make the plain bytes of a slot shorter. Each has an id that is stored with the slot.
 * Implementations are thread-safe.
 */
public sealed interface ChunkCodec permits RawCodec, Lz4Codec, ZstdCodec {

  /** The number stored in slot headers. */
  byte id();

  /** The most bytes that {@link #compress} can write for a plain length. */
  int maxCompressedLength(int plainLength);

  /**
   * Compresses a range.
   *
   * @param target has {@link #maxCompressedLength} bytes from {@code targetOffset}
   * @return bytes written
   */
  int compress(byte[] plain, int offset, int length, byte[] target, int targetOffset);

  /**
   * Restores a range that {@link #compress} wrote. Safe with any input: nothing outside of {@code
   * plainLength} bytes of the target is touched.
   *
   * @return bytes restored, or -1 when the input is not what this codec writes or is longer than
   *     {@code plainLength}
   */
  int decompress(
      byte[] compressed, int offset, int length, byte[] target, int targetOffset, int plainLength);

  /** Leaves bytes as they are. */
  static ChunkCodec none() {
    return RawCodec.INSTANCE;
  }

  /** LZ4 at its fastest: the codec of the write path. */
  static ChunkCodec lz4() {
    return Lz4Codec.INSTANCE;
  }

  /**
   * Zstandard: slower, smaller; for what has turned cold.
   *
   * @param level 1 to 22
   */
  static ChunkCodec zstd(int level) {
    return new ZstdCodec(level);
  }

  /** The codec that reads slots of an id; null when there is none. */
  static @Nullable ChunkCodec reader(byte id) {
    return switch (id) {
      case RawCodec.ID -> RawCodec.INSTANCE;
      case Lz4Codec.ID -> Lz4Codec.INSTANCE;
      case ZstdCodec.ID -> ZstdCodec.READER;
      default -> null;
    };
  }
}
