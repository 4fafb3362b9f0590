package org.opendvx.core.nfs.v3;

import java.nio.charset.StandardCharsets;
import org.opendvx.core.datastore.RequestTag;
import org.opendvx.core.nfs.handle.HandleMac;
import org.opendvx.core.nfs.handle.SipHash;
import org.opendvx.core.nfs.rpc.RpcCall;

/**
 * Names calls so that a retransmission is known again: by the front host, the client's address (not
 * its port, which changes when it reconnects), the transaction id, the procedure, the user and the
 * arguments. The same over restarts. The key is no secret: a client can only deceive itself.
 */
public final class RequestTags {
  private static final long KEY0 = 0x4f70656e44565820L;
  private static final long KEY1 = 0x7265717565737473L;

  private final long host;

  /**
   * Names for the calls that come in through one host.
   *
   * @param frontHost the host's lasting name: loopback clients of different hosts have the same
   *     address
   */
  public RequestTags(String frontHost) {
    this.host = new SipHash(KEY0, KEY1).last(frontHost.getBytes(StandardCharsets.UTF_8)).high();
  }

  /** The tag of a call with these arguments. */
  RequestTag of(RpcCall call, byte[] arguments) {
    HandleMac.Tag tag =
        new SipHash(KEY0, KEY1)
            .word(host)
            .word(call.peer().client().high())
            .word(call.peer().client().low())
            .word((long) call.xid() << 32 | call.procedure())
            .word((long) call.credential().uid() << 32 | call.credential().gid())
            .last(arguments);
    return new RequestTag(tag.high(), tag.low());
  }
}
