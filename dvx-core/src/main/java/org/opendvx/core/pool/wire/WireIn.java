package org.opendvx.core.pool.wire;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/** A body being read; every step checks what is left. Not thread-safe. */
public final class WireIn {
  private final byte[] bytes;
  private final int end;
  private int at;

  /** Reads part of an array. */
  public WireIn(byte[] bytes, int offset, int length) {
    this.bytes = bytes;
    this.at = offset;
    this.end = offset + length;
  }

  /** One byte, 0 to 255. */
  public int u8() {
    return bytes[skip(1)] & 0xff;
  }

  /** Two bytes. */
  public int u16() {
    int from = skip(2);
    return (bytes[from] & 0xff) << 8 | (bytes[from + 1] & 0xff);
  }

  /** Four bytes. */
  public int i32() {
    return u16() << 16 | u16();
  }

  /** Eight bytes. */
  public long i64() {
    return (long) i32() << 32 | (i32() & 0xffffffffL);
  }

  /** Sixteen bytes. */
  public UUID uuid() {
    return new UUID(i64(), i64());
  }

  /** A text of at most so many bytes. */
  public String text(int most) {
    int length = u16();
    if (length > most) {
      throw new BadFrameException("a text of " + length + " bytes, where " + most + " may be");
    }
    return new String(bytes, skip(length), length, StandardCharsets.UTF_8);
  }

  /** A copy of so many bytes. */
  public byte[] copy(int count) {
    int from = skip(count);
    return Arrays.copyOfRange(bytes, from, from + count);
  }

  /** Goes on behind so many bytes; where they begin. */
  public int skip(int count) {
    if (count < 0 || count > end - at) {
      throw new BadFrameException("it ends within a field");
    }
    int from = at;
    at += count;
    return from;
  }

  /** The array that is read. */
  public byte[] array() {
    return bytes;
  }

  /** Bytes left. */
  public int left() {
    return end - at;
  }
}
