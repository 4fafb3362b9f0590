package org.opendvx.core.nfs.rpc;

import io.netty.buffer.ByteBuf;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.nfs.xdr.MalformedXdrException;
import org.opendvx.core.nfs.xdr.XdrReader;

/**
 * Decodes the calls of one peer; after a call that cannot be served it knows the answer that RFC
 * 5531 prescribes. Not thread-safe; reused call after call.
 */
final class CallDecoder {
  private static final int CALL = 0;
  private static final int RPC_VERSION = 2;
  private static final int DENIED_RPC_MISMATCH = 0;
  private static final int DENIED_AUTH_ERROR = 1;
  private static final int AUTH_BAD_CREDENTIAL = 1;

  /** The most bytes of a rejection, without the record mark. */
  static final int REJECTION_BOUND = 32;

  private final Map<Integer, RpcProgram> programs;
  private final CredentialReader credentials = new CredentialReader();
  private @Nullable RpcProgram lastProgram;

  private int xid;
  private int program;
  private int procedure;
  private Rejection rejection = Rejection.NONE;

  /** Why a call is not served, with the number of its accept state. */
  enum Rejection {
    NONE(0),
    PROGRAM_UNAVAILABLE(1),
    PROGRAM_MISMATCH(2),
    PROCEDURE_UNAVAILABLE(3),
    GARBAGE_ARGUMENTS(4),
    SYSTEM_ERROR(5),
    RPC_MISMATCH(-1),
    BAD_CREDENTIAL(-1);

    private final int acceptState;

    Rejection(int acceptState) {
      this.acceptState = acceptState;
    }
  }

  CallDecoder(Map<Integer, RpcProgram> programs) {
    this.programs = programs;
  }

  /**
   * Decodes a call.
   *
   * @return null when it is not served: see {@link #writeRejection}
   * @throws MalformedXdrException when it is no call at all and cannot be answered
   */
  @Nullable RpcRequest<?> decode(XdrReader in, RpcPeer peer) {
    xid = in.readInt();
    program = 0;
    procedure = 0;
    if (in.readInt() != CALL) {
      throw new MalformedXdrException("not a call");
    }
    try {
      return decodeCall(in, peer);
    } catch (MalformedXdrException e) {
      return reject(Rejection.GARBAGE_ARGUMENTS);
    }
  }

  private @Nullable RpcRequest<?> decodeCall(XdrReader in, RpcPeer peer) {
    if (in.readInt() != RPC_VERSION) {
      return reject(Rejection.RPC_MISMATCH);
    }
    program = in.readInt();
    int version = in.readInt();
    procedure = in.readInt();
    Credential credential = credentials.read(in);
    if (credential == null) {
      return reject(Rejection.BAD_CREDENTIAL);
    }
    RpcProgram wanted = lastProgram;
    if (wanted == null || wanted.number() != program) {
      wanted = programs.get(program);
      lastProgram = wanted;
    }
    if (wanted == null) {
      return reject(Rejection.PROGRAM_UNAVAILABLE);
    }
    if (version < wanted.lowestVersion() || version > wanted.highestVersion()) {
      return reject(Rejection.PROGRAM_MISMATCH);
    }
    RpcRequest<?> request =
        wanted.decode(new RpcCall(xid, program, version, procedure, credential, peer), in);
    return request == null ? reject(Rejection.PROCEDURE_UNAVAILABLE) : request;
  }

  private @Nullable RpcRequest<?> reject(Rejection why) {
    rejection = why;
    return null;
  }

  int xid() {
    return xid;
  }

  int program() {
    return program;
  }

  int procedure() {
    return procedure;
  }

  Rejection rejection() {
    return rejection;
  }

  /** Writes the answer to the last call, which was not served; without the record mark. */
  void writeRejection(ByteBuf out) {
    switch (rejection) {
      case RPC_MISMATCH -> {
        RpcReply.writeDenied(out, xid, DENIED_RPC_MISMATCH);
        out.writeInt(RPC_VERSION).writeInt(RPC_VERSION);
      }
      case BAD_CREDENTIAL -> {
        RpcReply.writeDenied(out, xid, DENIED_AUTH_ERROR);
        out.writeInt(AUTH_BAD_CREDENTIAL);
      }
      case PROGRAM_MISMATCH -> {
        RpcReply.writeAccepted(out, xid, rejection.acceptState);
        RpcProgram known = programs.get(program);
        out.writeInt(known == null ? 0 : known.lowestVersion());
        out.writeInt(known == null ? 0 : known.highestVersion());
      }
      default -> RpcReply.writeAccepted(out, xid, rejection.acceptState);
    }
  }
}
