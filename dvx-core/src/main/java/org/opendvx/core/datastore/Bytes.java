package org.opendvx.core.datastore;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Encoding that the formats of this package share: big-endian numbers, byte strings with a length
 * in front. Decoding believes no length that the remaining bytes cannot hold.
 */
final class Bytes {
  private Bytes() {}

  static void putShortBytes(ByteBuffer out, byte[] bytes) {
    if (bytes.length > 0xffff) {
      throw new IllegalArgumentException(bytes.length + " bytes where 65,535 fit");
    }
    out.putShort((short) bytes.length).put(bytes);
  }

  static byte[] shortBytes(ByteBuffer in) {
    return take(in, Short.toUnsignedInt(in.getShort()));
  }

  static void putBytes(ByteBuffer out, byte[] bytes) {
    out.putInt(bytes.length).put(bytes);
  }

  static byte[] bytes(ByteBuffer in) {
    return take(in, in.getInt());
  }

  static void putText(ByteBuffer out, String text) {
    putShortBytes(out, utf8(text));
  }

  static String text(ByteBuffer in) {
    return new String(shortBytes(in), StandardCharsets.UTF_8);
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Reads a count of things that take at least {@code each} bytes. */
  static int count(ByteBuffer in, int each) {
    int count = in.getInt();
    if (count < 0 || (long) count * each > in.remaining()) {
      throw new BufferUnderflowException();
    }
    return count;
  }

  private static byte[] take(ByteBuffer in, int length) {
    if (length < 0 || length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  static DvxException corrupt(String what, String why) {
    return DvxException.of(Kind.CORRUPT, what + " cannot be read")
        .cause(why)
        .remedy("Keep the drives as they are and look for one that fails; please report this")
        .build();
  }

  static DvxException newer(String what, int version) {
    return DvxException.of(Kind.UNSUPPORTED, what + " has a format that this version does not know")
        .cause("It was written by a newer version")
        .remedy("Run the version that wrote it, or a newer one; nothing was changed")
        .detail("format", version)
        .build();
  }
}
