package org.opendvx.core.pool.wire;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/**
 * A body being written: small fields, and large arrays that are sent from where they are. Not
 * thread-safe.
 */
public final class WireOut {
  private static final int MAX_TEXT = 0xffff;

  private byte[] bytes = new byte[64];
  private int length;
  private final List<Piece> pieces = new ArrayList<>(0);

  /** Part of somebody's array, sent after the small fields. */
  @SuppressWarnings("ArrayRecordComponent") // a value carrier; never compared
  record Piece(byte[] array, int offset, int length) {}

  /** Appends one byte. */
  public WireOut u8(int value) {
    room(1);
    bytes[length++] = (byte) value;
    return this;
  }

  /** Appends two bytes. */
  public WireOut u16(int value) {
    return u8(value >>> 8).u8(value);
  }

  /** Appends four bytes, the highest first. */
  public WireOut i32(int value) {
    return u16(value >>> 16).u16(value);
  }

  /** Appends eight bytes, the highest first. */
  public WireOut i64(long value) {
    return i32((int) (value >>> 32)).i32((int) value);
  }

  /** Appends sixteen bytes. */
  public WireOut uuid(UUID value) {
    return i64(value.getMostSignificantBits()).i64(value.getLeastSignificantBits());
  }

  /** Appends a text: its length in two bytes, then UTF-8; what is too long is cut off. */
  public WireOut text(String value) {
    byte[] text = value.getBytes(StandardCharsets.UTF_8);
    int taken = Math.min(text.length, MAX_TEXT);
    u16(taken);
    return copy(text, 0, taken);
  }

  /** Appends bytes, copied now. */
  public WireOut copy(byte[] source, int offset, int count) {
    room(count);
    System.arraycopy(source, offset, bytes, length, count);
    length += count;
    return this;
  }

  /** Sends part of an array after all small fields; it must not change until it is sent. */
  public WireOut large(byte[] source, int offset, int count) {
    if (count > 0) {
      pieces.add(new Piece(source, offset, count));
    }
    return this;
  }

  /** Bytes of the body. */
  int total() {
    int total = length;
    for (Piece piece : pieces) {
      total += piece.length();
    }
    return total;
  }

  byte[] small() {
    return bytes;
  }

  int smallLength() {
    return length;
  }

  List<Piece> pieces() {
    return pieces;
  }

  private void room(int more) {
    if (length + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
    }
  }
}
