package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.pool.RecordStore;

/**
 * One copy of a record. Format: docs/formats/record.md.
 *
 * @param version as the register counts it
 * @param stamp tells apart two writes that were given the same version; the greater one wins
 * @param tag names the call that wrote it, 0 when nobody will ask
 */
@SuppressWarnings("ArrayRecordComponent") // carries bytes from the file to the caller
record RecordFile(String key, long version, long stamp, long tag, byte[] value) {
  private static final int MAGIC = 0x44565852; // "DVXR"
  private static final int HEADER = 48;
  private static final String SUFFIX = ".rec";
  private static final int MAX_KEY = 256;

  /** The plain name of a key's file. Keys have no underscore, so that this can be undone. */
  static String fileName(String key) {
    return key.replace('/', '_') + SUFFIX;
  }

  /** Whether a plain name is that of a record, and not of a half-written one. */
  static boolean isRecord(String fileName) {
    return fileName.endsWith(SUFFIX);
  }

  static String keyOf(String fileName) {
    return fileName.substring(0, fileName.length() - SUFFIX.length()).replace('_', '/');
  }

  static String path(String key) {
    return Layout.RECORDS + "/" + fileName(key);
  }

  /** Stands for a copy that is there and damaged: older than any other. */
  static RecordFile damaged() {
    return new RecordFile("", -1, -1, 0, new byte[0]);
  }

  boolean isDamaged() {
    return version < 0;
  }

  /** Whether this copy takes precedence over another one of the same key. */
  boolean newerThan(RecordFile other) {
    return version != other.version ? version > other.version : stamp > other.stamp;
  }

  boolean sameAs(RecordFile other) {
    return version == other.version && stamp == other.stamp;
  }

  ByteBuffer encode() {
    byte[] name = key.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer file = ByteBuffer.allocate(HEADER + name.length + value.length);
    file.putInt(MAGIC).putShort((short) DriveLabel.FORMAT).putShort((short) name.length);
    file.putLong(version).putLong(stamp).putInt(value.length).putInt(0).putLong(tag);
    file.position(HEADER).put(name).put(value).flip();
    file.putInt(HEADER - 8, bodyCrc(file)).putInt(HEADER - 4, headerCrc(file));
    return file;
  }

  /**
   * Reads a copy; null when the bytes are damaged or belong to another key.
   *
   * @throws org.opendvx.core.error.DvxException UNSUPPORTED when a newer program wrote it
   */
  static @Nullable RecordFile decode(String key, ByteBuffer file) {
    if (file.limit() < HEADER
        || file.getInt(0) != MAGIC
        || file.getInt(HEADER - 4) != headerCrc(file)) {
      return null;
    }
    int format = Short.toUnsignedInt(file.getShort(4));
    if (format != DriveLabel.FORMAT) {
      throw FormatCheck.newer("A record of the register", format, key);
    }
    int nameLength = file.getShort(6);
    int valueLength = file.getInt(24);
    if (nameLength < 0
        || valueLength < 0
        || file.limit() != HEADER + nameLength + valueLength
        || file.getInt(HEADER - 8) != bodyCrc(file)) {
      return null;
    }
    byte[] name = new byte[nameLength];
    byte[] value = new byte[valueLength];
    file.get(HEADER, name).get(HEADER + nameLength, value);
    if (!key.equals(new String(name, StandardCharsets.US_ASCII))) {
      return null;
    }
    return new RecordFile(key, file.getLong(8), file.getLong(16), file.getLong(32), value);
  }

  /** Reads a drive's copy on the calling thread; null when it is damaged. */
  static @Nullable RecordFile read(DriveFolder folder, String key) throws IOException {
    try (DriveFile file = folder.open(path(key), false)) {
      long size = file.size();
      if (size > HEADER + MAX_KEY + RecordStore.MAX_VALUE) {
        return null;
      }
      ByteBuffer bytes = ByteBuffer.allocate((int) size);
      file.read(bytes, 0);
      return decode(key, bytes.flip());
    }
  }

  /** Writes the bytes of a copy under its temporary name, durably, on the calling thread. */
  void writeTemporary(DriveFolder folder) throws IOException {
    try (DriveFile file = folder.open(path(key) + Layout.TEMPORARY, true)) {
      file.write(encode(), 0);
      file.force(true);
    }
  }

  /** Gives a written copy its name, on the calling thread. The directory is not forced. */
  void publish(DriveFolder folder) throws IOException {
    folder.rename(path(key) + Layout.TEMPORARY, path(key));
  }

  private static int headerCrc(ByteBuffer file) {
    CRC32C crc = new CRC32C();
    crc.update(file.slice(0, HEADER - 4));
    return (int) crc.getValue();
  }

  private static int bodyCrc(ByteBuffer file) {
    CRC32C crc = new CRC32C();
    crc.update(file.slice(HEADER, file.limit() - HEADER));
    return (int) crc.getValue();
  }
}
