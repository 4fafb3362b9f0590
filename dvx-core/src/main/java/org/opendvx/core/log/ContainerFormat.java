package org.opendvx.core.log;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Numbers and fixed parts of docs/formats/container.md. */
final class ContainerFormat {
  static final int HEADER = 64;
  static final int FOOTER = 64;
  static final int TOC_ENTRY = 32;
  static final int MAX_SLOTS = ChunkAddress.MAX_SLOT + 1;
  static final int MAX_SLOT_LENGTH = 0xffff;

  /** Places in a table of contents entry. */
  static final int ENTRY_OFFSET = 8;

  static final int ENTRY_LENGTH = 12;
  static final int ENTRY_FINGERPRINT = 16;

  static final short VERSION = 1;

  /** "DVXC" and "DVXE". */
  private static final int HEADER_MAGIC = 0x44565843;

  private static final int FOOTER_MAGIC = 0x44565845;
  private static final int CHECKED = 60;

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private ContainerFormat() {}

  static int getInt(byte[] bytes, int at) {
    return (int) INT.get(bytes, at);
  }

  static void putInt(byte[] bytes, int at, int value) {
    INT.set(bytes, at, value);
  }

  static long getLong(byte[] bytes, int at) {
    return (long) LONG.get(bytes, at);
  }

  static void putLong(byte[] bytes, int at, long value) {
    LONG.set(bytes, at, value);
  }

  static void writeEntry(
      byte[] toc, int slot, long address, int offset, int length, long high, long low) {
    int at = slot * TOC_ENTRY;
    putLong(toc, at, address);
    putInt(toc, at + ENTRY_OFFSET, offset);
    putInt(toc, at + ENTRY_LENGTH, length);
    putLong(toc, at + ENTRY_FINGERPRINT, high);
    putLong(toc, at + ENTRY_FINGERPRINT + 8, low);
  }

  static void writeHeader(byte[] target, ContainerKind kind, long id, long createdMillis) {
    ByteBuffer.wrap(target, 0, HEADER)
        .putInt(HEADER_MAGIC)
        .putShort(VERSION)
        .put(kind.code())
        .put((byte) 0)
        .putLong(id)
        .putLong(createdMillis)
        .put(new byte[CHECKED - 24])
        .putInt(crc(target, 0, CHECKED));
  }

  static void writeFooter(
      byte[] target, int at, ContainerKind kind, long id, int tocOffset, int count) {
    int tocCrc = crc(target, tocOffset, count * TOC_ENTRY);
    ByteBuffer.wrap(target, at, FOOTER)
        .putInt(FOOTER_MAGIC)
        .putShort(VERSION)
        .put(kind.code())
        .put((byte) 0)
        .putLong(id)
        .putInt(tocOffset)
        .putInt(count)
        .putInt(tocCrc)
        .put(new byte[CHECKED - 28])
        .putInt(crc(target, at, CHECKED));
  }

  /** Reads and checks a footer: it belongs to the container and its table lies before it. */
  static Footer readFooter(byte[] bytes, int at, long id, int containerLength) {
    ByteBuffer footer = ByteBuffer.wrap(bytes, at, FOOTER);
    if (footer.getInt() != FOOTER_MAGIC || getInt(bytes, at + CHECKED) != crc(bytes, at, CHECKED)) {
      throw corrupt(id, "its footer is damaged");
    }
    short version = footer.getShort();
    if (version != VERSION) {
      throw DvxException.of(Kind.UNSUPPORTED, "A container was written by another version")
          .cause("it is of version " + version)
          .remedy("Start the version of the program that wrote it")
          .detail("container", id)
          .build();
    }
    ContainerKind kind = ContainerKind.of(footer.get());
    footer.get();
    long storedId = footer.getLong();
    int tocOffset = footer.getInt();
    int count = footer.getInt();
    if (kind == null
        || storedId != id
        || count < 0
        || count > MAX_SLOTS
        || tocOffset < HEADER
        || (long) tocOffset + (long) count * TOC_ENTRY + FOOTER != containerLength) {
      throw corrupt(id, "its footer does not fit it");
    }
    return new Footer(kind, tocOffset, count, footer.getInt());
  }

  static int crc(byte[] bytes, int offset, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, offset, length);
    return (int) crc.getValue();
  }

  static DvxException corrupt(long id, String cause) {
    return DvxException.of(Kind.CORRUPT, "A container is damaged")
        .cause(cause)
        .remedy("Look for a drive that fails; restore what is named as unreadable from a snapshot")
        .detail("container", id)
        .build();
  }

  /** The checked content of a footer. */
  record Footer(ContainerKind kind, int tocOffset, int count, int tocCrc) {}
}
