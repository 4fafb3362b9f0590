package org.opendvx.core.nfs.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.nfs.xdr.MalformedXdrException;
import org.opendvx.core.nfs.xdr.XdrReader;

/**
 * Reads credentials, and keeps the last one: a connection's calls nearly always carry the same
 * bytes. Not thread-safe.
 */
final class CredentialReader {
  private static final int AUTH_NONE = 0;
  private static final int AUTH_SYS = 1;
  private static final int MAX_BODY = 400;
  private static final int MAX_MACHINE_NAME = 255;
  private static final int MAX_GROUPS = 16;

  private ByteBuf lastBytes = Unpooled.EMPTY_BUFFER;
  private Credential last = Credential.NOBODY;

  /**
   * Reads credential and verifier.
   *
   * @return null when the credential is of a kind that is not accepted or makes no sense
   * @throws MalformedXdrException when the message ends within them
   */
  @Nullable Credential read(XdrReader in) {
    int flavor = in.readInt();
    int length = in.readLength(MAX_BODY);
    int at = in.takePadded(length);
    in.readInt();
    in.takePadded(in.readLength(MAX_BODY));
    return switch (flavor) {
      case AUTH_NONE -> Credential.NOBODY;
      case AUTH_SYS -> system(in.buffer(), at, length);
      default -> null;
    };
  }

  private @Nullable Credential system(ByteBuf buffer, int at, int length) {
    if (length == lastBytes.readableBytes()
        && length > 0
        && ByteBufUtil.equals(lastBytes, 0, buffer, at, length)) {
      return last;
    }
    XdrReader body = new XdrReader();
    body.window(buffer, at, length);
    try {
      Credential read = parse(body);
      byte[] bytes = new byte[length];
      buffer.getBytes(at, bytes);
      lastBytes = Unpooled.wrappedBuffer(bytes);
      last = read;
      return read;
    } catch (MalformedXdrException e) {
      return null;
    }
  }

  private static Credential parse(XdrReader body) {
    body.readInt(); // a stamp without meaning
    int name = body.readLength(MAX_MACHINE_NAME);
    body.takePadded(name);
    int uid = body.readInt();
    int gid = body.readInt();
    int[] groups = new int[body.readLength(MAX_GROUPS)];
    for (int i = 0; i < groups.length; i++) {
      groups[i] = body.readInt();
    }
    if (body.remaining() != 0) {
      throw new MalformedXdrException("credential goes on");
    }
    return new Credential(uid, gid, groups);
  }
}
