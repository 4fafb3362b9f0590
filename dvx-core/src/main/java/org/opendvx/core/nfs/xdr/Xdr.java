package org.opendvx.core.nfs.xdr;

import io.netty.buffer.ByteBuf;

/** What writers of XDR share beyond {@link ByteBuf}'s own big-endian ints and longs. */
public final class Xdr {

  private Xdr() {}

  /** Zero bytes that follow opaque bytes of this length. */
  public static int padding(int length) {
    return -length & 3;
  }

  /** Bytes that variable-length opaque bytes take, with length and padding. */
  public static int opaqueSize(int length) {
    return 4 + length + padding(length);
  }

  /** A bool. */
  public static void writeBoolean(ByteBuf out, boolean value) {
    out.writeInt(value ? 1 : 0);
  }

  /** Variable-length opaque bytes, or a string. */
  public static void writeOpaque(ByteBuf out, byte[] bytes) {
    out.writeInt(bytes.length);
    out.writeBytes(bytes);
    out.writeZero(padding(bytes.length));
  }
}
