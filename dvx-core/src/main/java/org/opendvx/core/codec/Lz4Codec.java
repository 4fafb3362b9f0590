package org.opendvx.core.codec;

import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** LZ4 blocks, through the native library where it loads, else in Java (same format, slower). */
final class Lz4Codec implements ChunkCodec {
  static final byte ID = 1;

  private static final Logger LOG = LoggerFactory.getLogger(Lz4Codec.class);

  static final Lz4Codec INSTANCE = new Lz4Codec(load());

  private final LZ4Compressor compressor;
  private final LZ4SafeDecompressor decompressor;

  private Lz4Codec(LZ4Factory factory) {
    this.compressor = factory.fastCompressor();
    this.decompressor = factory.safeDecompressor();
  }

  private static LZ4Factory load() {
    try {
      return LZ4Factory.nativeInstance();
    } catch (LinkageError | RuntimeException e) {
      LOG.warn("The native LZ4 library does not load; compression in Java will be slower", e);
      return LZ4Factory.safeInstance();
    }
  }

  @Override
  public byte id() {
    return ID;
  }

  @Override
  public int maxCompressedLength(int plainLength) {
    return compressor.maxCompressedLength(plainLength);
  }

  @Override
  public int compress(byte[] plain, int offset, int length, byte[] target, int targetOffset) {
    // Never limited to less than the worst case: running into a limit costs an exception.
    return compressor.compress(
        plain, offset, length, target, targetOffset, target.length - targetOffset);
  }

  @Override
  public int decompress(
      byte[] compressed, int offset, int length, byte[] target, int targetOffset, int plainLength) {
    try {
      return decompressor.decompress(compressed, offset, length, target, targetOffset, plainLength);
    } catch (LZ4Exception e) {
      return -1;
    }
  }
}
