package org.opendvx.core.nfs.xdr;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;

/**
 * Reads one message out of a buffer: a window that moves over a larger buffer without slices. Every
 * method throws {@link MalformedXdrException} when the window ends too early. Not thread-safe; the
 * window is valid only while the buffer is.
 */
public final class XdrReader {
  private static final byte[] EMPTY = {};

  private ByteBuf buffer = Unpooled.EMPTY_BUFFER;
  private int position;
  private int end;

  /** A reader without a window. */
  public XdrReader() {}

  /** A reader over a buffer's readable bytes. */
  public static XdrReader over(ByteBuf buffer) {
    XdrReader reader = new XdrReader();
    reader.window(buffer, buffer.readerIndex(), buffer.readableBytes());
    return reader;
  }

  /** Moves the window; the buffer must hold that many bytes from that index. */
  public void window(ByteBuf over, int index, int length) {
    buffer = over;
    position = index;
    end = index + length;
  }

  /** Lets go of the buffer. */
  public void clear() {
    buffer = Unpooled.EMPTY_BUFFER;
    position = 0;
    end = 0;
  }

  /** Bytes left. */
  public int remaining() {
    return end - position;
  }

  /** Index in the buffer of the next byte. */
  public int position() {
    return position;
  }

  /** The buffer under the window. */
  public ByteBuf buffer() {
    return buffer;
  }

  /** An int, signed or unsigned. */
  public int readInt() {
    return buffer.getInt(take(4));
  }

  /** A hyper, signed or unsigned. */
  public long readLong() {
    return buffer.getLong(take(8));
  }

  /** A bool: 0 or 1. */
  public boolean readBoolean() {
    return readEnum(1) == 1;
  }

  /** An enum whose values are 0 to {@code highest}. */
  public int readEnum(int highest) {
    int value = readInt();
    if (value < 0 || value > highest) {
      throw new MalformedXdrException("enum out of range");
    }
    return value;
  }

  /** Variable-length opaque bytes or a string, copied. */
  public byte[] readOpaque(int limit) {
    int length = readLength(limit);
    int at = takePadded(length);
    if (length == 0) {
      return EMPTY;
    }
    byte[] bytes = new byte[length];
    buffer.getBytes(at, bytes);
    return bytes;
  }

  /**
   * Variable-length opaque bytes as a view of the buffer; valid only while the window is.
   *
   * @param limit bytes allowed
   */
  public ByteBuffer viewOpaque(int limit) {
    int length = readLength(limit);
    return buffer.nioBuffer(takePadded(length), length);
  }

  /** Length of variable-length opaque bytes, which follow. */
  public int readLength(int limit) {
    int length = readInt();
    if (length < 0 || length > limit) {
      throw new MalformedXdrException("length out of range");
    }
    return length;
  }

  /** Skips fixed-length opaque bytes with their padding; returns their index in the buffer. */
  public int takePadded(int length) {
    return take(length + Xdr.padding(length));
  }

  private int take(int length) {
    if (length > end - position) {
      throw new MalformedXdrException("message ends too early");
    }
    int at = position;
    position += length;
    return at;
  }
}
