package org.opendvx.core.codec;

/**
 * Plain bytes made ready for a slot: compressed where that pays, so that the slot's length is known
 * before it has a place. Reused from chunk to chunk; confined to one thread at a time.
 *
 * <p>Bytes that did not compress are not copied: the source array must stay unchanged until {@link
 * ChunkSealer#seal}.
 */
public final class Prepared {
  private byte[] compressed = new byte[0];
  private byte[] source = compressed;
  private int sourceOffset;
  private int storedLength;
  private int plainLength;
  private byte codecId;

  /** Holds nothing yet. */
  public Prepared() {}

  /** Bytes of the slot to be: header, cipher text and tag. */
  public int slotLength() {
    return SlotHeader.LENGTH + storedLength + SlotHeader.TAG_LENGTH;
  }

  /** Bytes before compression; 0 when nothing was prepared. */
  public int plainLength() {
    return plainLength;
  }

  /** Takes a range, compressed if that saves at least a sixteenth. */
  void fill(ChunkCodec codec, byte[] plain, int offset, int length) {
    plainLength = length;
    int shorter = codec.id() == RawCodec.ID ? length : compress(codec, plain, offset, length);
    if (shorter <= length - (length + 15) / 16) {
      source = compressed;
      sourceOffset = 0;
      storedLength = shorter;
      codecId = codec.id();
    } else {
      source = plain;
      sourceOffset = offset;
      storedLength = length;
      codecId = RawCodec.ID;
    }
  }

  private int compress(ChunkCodec codec, byte[] plain, int offset, int length) {
    int most = codec.maxCompressedLength(length);
    if (compressed.length < most) {
      compressed = new byte[most];
    }
    return codec.compress(plain, offset, length, compressed, 0);
  }

  byte[] source() {
    return source;
  }

  int sourceOffset() {
    return sourceOffset;
  }

  int storedLength() {
    return storedLength;
  }

  byte codecId() {
    return codecId;
  }
}
