package org.opendvx.core.codec;

import java.util.Objects;
import java.util.zip.CRC32C;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * The first 32 bytes of a slot, checked. Byte table: docs/formats/slot.md.
 *
 * @param type code of a {@link SlotType}
 * @param codec id of a {@link ChunkCodec}
 * @param keyId the data key that sealed the slot
 * @param place the physical container in which it was sealed: upper 64 bits of the nonce
 * @param entry the physical entry there: lower 32 bits of the nonce
 * @param plainLength bytes before compression
 * @param storedLength bytes of cipher text, tag not counted
 */
public record SlotHeader(
    byte type, byte codec, int keyId, long place, int entry, int plainLength, int storedLength) {

  /** Bytes of a header. */
  public static final int LENGTH = 32;

  /** Longest plain text of a slot in bytes. */
  public static final int MAX_PLAIN = 64 << 10;

  static final int TAG_LENGTH = 16;
  static final int NONCE_OFFSET = 8;
  static final int NONCE_LENGTH = 12;

  /** Bytes before the header's own checksum: these are authenticated with the slot. */
  static final int CHECKED_LENGTH = 28;

  /** Upper half says DVX, lower half is the version of the layout. */
  private static final byte MAGIC_VERSION = (byte) 0xd1;

  /** Bytes of the whole slot: header, cipher text and tag. */
  public int slotLength() {
    return LENGTH + storedLength + TAG_LENGTH;
  }

  /**
   * Reads and checks the header of a slot. Lengths are within limits and the slot lies within the
   * bytes at hand.
   *
   * @param available bytes that may belong to the slot, from {@code offset} on
   * @throws DvxException CORRUPT
   */
  public static SlotHeader read(byte[] bytes, int offset, int available) {
    Objects.checkFromIndexSize(offset, available, bytes.length);
    if (available < LENGTH) {
      throw damaged("it ends within its header");
    }
    if (bytes[offset] != MAGIC_VERSION) {
      throw damaged("no slot of a known version starts here");
    }
    if (Bytes.getInt(bytes, offset + CHECKED_LENGTH) != checksum(bytes, offset)) {
      throw damaged("the checksum of its header is wrong");
    }
    SlotHeader header =
        new SlotHeader(
            bytes[offset + 1],
            bytes[offset + 2],
            Bytes.getInt(bytes, offset + 4),
            Bytes.getLong(bytes, offset + 8),
            Bytes.getInt(bytes, offset + 16),
            Bytes.getInt(bytes, offset + 20),
            Bytes.getInt(bytes, offset + 24));
    if (bytes[offset + 3] != 0) {
      throw damaged("its header has unknown flags");
    }
    if (header.plainLength < 1 || header.plainLength > MAX_PLAIN) {
      throw damaged("the plain length in its header is out of range");
    }
    if (header.storedLength < 1
        || header.storedLength > header.plainLength
        || header.slotLength() > available) {
      throw damaged("the stored length in its header is out of range");
    }
    return header;
  }

  /** Writes the 32 bytes. */
  void write(byte[] target, int offset) {
    target[offset] = MAGIC_VERSION;
    target[offset + 1] = type;
    target[offset + 2] = codec;
    target[offset + 3] = 0;
    Bytes.putInt(target, offset + 4, keyId);
    Bytes.putLong(target, offset + 8, place);
    Bytes.putInt(target, offset + 16, entry);
    Bytes.putInt(target, offset + 20, plainLength);
    Bytes.putInt(target, offset + 24, storedLength);
    Bytes.putInt(target, offset + CHECKED_LENGTH, checksum(target, offset));
  }

  static DvxException damaged(String cause) {
    return DvxException.of(Kind.CORRUPT, "A stored chunk is damaged").cause(cause).build();
  }

  private static int checksum(byte[] bytes, int offset) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, offset, CHECKED_LENGTH);
    return (int) crc.getValue();
  }
}
