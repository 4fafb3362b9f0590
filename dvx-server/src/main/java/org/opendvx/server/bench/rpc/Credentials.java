package org.opendvx.server.bench.rpc;

import java.nio.ByteBuffer;

/**
 * Who the calls come from: AUTH_SYS (RFC 5531, appendix A).
 *
 * @param machine the client's name as told to the server
 * @param uid numeric user
 * @param gid numeric group
 */
public record Credentials(String machine, int uid, int gid) {
  private static final int AUTH_NONE = 0;
  private static final int AUTH_SYS = 1;

  /** The credential and the empty verifier as they stand in a call, ready to be copied. */
  public byte[] encoded() {
    ByteBuffer body = ByteBuffer.allocate(256 + 4 * machine.length());
    body.putInt(0);
    Xdr.putString(body, machine);
    body.putInt(uid).putInt(gid).putInt(0);
    ByteBuffer out = ByteBuffer.allocate(body.position() + 16);
    out.putInt(AUTH_SYS).putInt(body.position()).put(body.flip());
    out.putInt(AUTH_NONE).putInt(0);
    byte[] bytes = new byte[out.position()];
    out.flip().get(bytes);
    return bytes;
  }
}
