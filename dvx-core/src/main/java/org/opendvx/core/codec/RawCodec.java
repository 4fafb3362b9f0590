package org.opendvx.core.codec;

/** Stores bytes as they are. */
final class RawCodec implements ChunkCodec {
  static final byte ID = 0;
  static final RawCodec INSTANCE = new RawCodec();

  private RawCodec() {}

  @Override
  public byte id() {
    return ID;
  }

  @Override
  public int maxCompressedLength(int plainLength) {
    return plainLength;
  }

  @Override
  public int compress(byte[] plain, int offset, int length, byte[] target, int targetOffset) {
    System.arraycopy(plain, offset, target, targetOffset, length);
    return length;
  }

  @Override
  public int decompress(
      byte[] compressed, int offset, int length, byte[] target, int targetOffset, int plainLength) {
    if (length > plainLength) {
      return -1;
    }
    System.arraycopy(compressed, offset, target, targetOffset, length);
    return length;
  }
}
