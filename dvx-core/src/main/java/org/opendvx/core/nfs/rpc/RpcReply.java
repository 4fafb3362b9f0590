package org.opendvx.core.nfs.rpc;

import io.netty.buffer.ByteBuf;

/** Reply headers (RFC 5531, section 9) and record marks (section 11). */
final class RpcReply {
  /** Bytes of a record mark. */
  static final int MARK = 4;

  /** Bytes of the header of an accepted call, without the record mark. */
  static final int ACCEPTED_HEADER = 24;

  /** Accept state of a call that was served. */
  static final int SUCCESS = 0;

  /** Accept state of a call during which something broke. */
  static final int SYSTEM_ERROR = 5;

  private static final int REPLY = 1;
  private static final int MSG_ACCEPTED = 0;
  private static final int MSG_DENIED = 1;
  private static final int LAST_FRAGMENT = 1 << 31;

  private RpcReply() {}

  static void writeAccepted(ByteBuf out, int xid, int state) {
    out.writeLong((long) xid << 32 | REPLY);
    out.writeLong((long) MSG_ACCEPTED << 32); // and a verifier AUTH_NONE
    out.writeLong(state); // after the verifier's length, 0
  }

  static void writeDenied(ByteBuf out, int xid, int reason) {
    out.writeInt(xid).writeInt(REPLY).writeInt(MSG_DENIED).writeInt(reason);
  }

  /** Fills in the mark of a record of one fragment that starts at an index and ends here. */
  static void setMark(ByteBuf out, int start) {
    out.setInt(start, LAST_FRAGMENT | (out.writerIndex() - start - MARK));
  }
}
