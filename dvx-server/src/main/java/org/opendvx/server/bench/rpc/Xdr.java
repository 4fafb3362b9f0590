package org.opendvx.server.bench.rpc;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * XDR (RFC 4506) on byte buffers in big-endian order: the items that RPC and NFSv3 need beyond
 * {@code putInt} and {@code putLong}. Reading checks every length against the buffer and a limit.
 */
public final class Xdr {
  private Xdr() {}

  /** Bytes that an opaque or string of {@code length} takes on the wire, with its length word. */
  public static int opaqueSize(int length) {
    return 4 + padded(length);
  }

  /** The length rounded up to whole words. */
  public static int padded(int length) {
    return (length + 3) & ~3;
  }

  /** Writes a variable-length opaque. */
  public static void putOpaque(ByteBuffer out, byte[] bytes) {
    out.putInt(bytes.length).put(bytes);
    putPadding(out, bytes.length);
  }

  /** Writes a string as UTF-8. */
  public static void putString(ByteBuffer out, String text) {
    putOpaque(out, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes the zero bytes that follow an opaque of {@code length}. */
  public static void putPadding(ByteBuffer out, int length) {
    for (int i = length; i < padded(length); i++) {
      out.put((byte) 0);
    }
  }

  /** Reads a variable-length opaque of at most {@code limit} bytes. */
  public static byte[] getOpaque(ByteBuffer in, int limit) throws RpcException {
    int length = getLength(in, limit);
    byte[] bytes = new byte[length];
    in.get(bytes);
    skip(in, padded(length) - length);
    return bytes;
  }

  /** Reads a string of at most {@code limit} bytes. */
  public static String getString(ByteBuffer in, int limit) throws RpcException {
    return new String(getOpaque(in, limit), StandardCharsets.UTF_8);
  }

  /** Reads the length word of an opaque and checks that so many bytes follow. */
  public static int getLength(ByteBuffer in, int limit) throws RpcException {
    need(in, 4);
    int length = in.getInt();
    if (length < 0 || length > limit) {
      throw new RpcException("a length of " + Integer.toUnsignedString(length) + " in a reply");
    }
    need(in, padded(length));
    return length;
  }

  /** Reads a word. */
  public static int getInt(ByteBuffer in) throws RpcException {
    need(in, 4);
    return in.getInt();
  }

  /** Reads a double word. */
  public static long getLong(ByteBuffer in) throws RpcException {
    need(in, 8);
    return in.getLong();
  }

  /** Reads a boolean. */
  public static boolean getBoolean(ByteBuffer in) throws RpcException {
    return getInt(in) != 0;
  }

  /** Steps over {@code count} bytes. */
  public static void skip(ByteBuffer in, int count) throws RpcException {
    need(in, count);
    in.position(in.position() + count);
  }

  private static void need(ByteBuffer in, int count) throws RpcException {
    if (in.remaining() < count) {
      throw new RpcException(
          "a reply ends " + (count - in.remaining()) + " bytes too early for what it announces");
    }
  }
}
