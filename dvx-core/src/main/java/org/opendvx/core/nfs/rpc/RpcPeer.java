package org.opendvx.core.nfs.rpc;

import java.net.InetSocketAddress;
import org.opendvx.core.nfs.access.ClientAddress;

/**
 * The two ends of a connection, or of a datagram.
 *
 * @param remote the client
 * @param local the address at which the client reached the server
 * @param client the client's address without its port
 */
public record RpcPeer(InetSocketAddress remote, InetSocketAddress local, ClientAddress client) {

  /** Ends whose addresses are resolved. */
  public static RpcPeer of(InetSocketAddress remote, InetSocketAddress local) {
    return new RpcPeer(remote, local, ClientAddress.of(remote.getAddress()));
  }
}
