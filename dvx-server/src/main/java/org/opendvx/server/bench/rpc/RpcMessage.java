package org.opendvx.server.bench.rpc;

import java.nio.ByteBuffer;

/** The frame of ONC RPC version 2 over TCP: record mark, call header, reply header (RFC 5531). */
public final class RpcMessage {
  /** Set in a record mark whose fragment is the record's last. */
  public static final int LAST_FRAGMENT = 0x8000_0000;

  /** Bytes from the record mark to the procedure number, both included. */
  public static final int CALL_HEADER = 4 + 24;

  private static final int CALL = 0;
  private static final int REPLY = 1;
  private static final int RPC_VERSION = 2;
  private static final int VERIFIER_LIMIT = 400;

  private RpcMessage() {}

  /**
   * Writes a call's head, the record mark left open: {@link #endCall} fills it in. Returns the
   * position of the mark.
   */
  public static int beginCall(
      ByteBuffer out, int xid, int program, int version, int procedure, byte[] credentials) {
    int mark = out.position();
    out.putInt(0).putInt(xid).putInt(CALL).putInt(RPC_VERSION);
    out.putInt(program).putInt(version).putInt(procedure).put(credentials);
    return mark;
  }

  /** Closes the call that began at {@code mark} as a record of one fragment. */
  public static void endCall(ByteBuffer out, int mark) {
    out.putInt(mark, LAST_FRAGMENT | (out.position() - mark - 4));
  }

  /**
   * Reads a reply's head after its xid and leaves the buffer at the results.
   *
   * @throws RpcException when the message is no reply or the server rejected the call
   */
  public static void readReplyHead(ByteBuffer in) throws RpcException {
    if (Xdr.getInt(in) != REPLY) {
      throw new RpcException("the server sent something that is no reply");
    }
    if (Xdr.getInt(in) != 0) {
      throw new RpcException("the call was denied: " + denial(in));
    }
    Xdr.getInt(in);
    int length = Xdr.getLength(in, VERIFIER_LIMIT);
    Xdr.skip(in, Xdr.padded(length));
    int status = Xdr.getInt(in);
    if (status != 0) {
      throw new RpcException("the call was not accepted: " + acceptStatus(status));
    }
  }

  private static String denial(ByteBuffer in) throws RpcException {
    return Xdr.getInt(in) == 0
        ? "RPC version mismatch"
        : "authentication error " + Xdr.getInt(in) + " (5 is 'too weak')";
  }

  private static String acceptStatus(int status) {
    return switch (status) {
      case 1 -> "program unavailable";
      case 2 -> "program version mismatch";
      case 3 -> "procedure unavailable";
      case 4 -> "garbage arguments";
      case 5 -> "system error";
      default -> "status " + status;
    };
  }
}
