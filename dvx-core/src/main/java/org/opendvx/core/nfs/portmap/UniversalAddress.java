package org.opendvx.core.nfs.portmap;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.opendvx.core.nfs.rpc.RpcPeer;

/** Addresses as versions 3 and 4 of the portmapper write them (RFC 1833, RFC 5665). */
final class UniversalAddress {

  private UniversalAddress() {}

  /** A port at the address under which a client reaches this machine. */
  static String of(RpcPeer peer, int port) {
    InetAddress local = peer.local().getAddress();
    InetAddress reached = local.isAnyLocalAddress() ? towards(peer.remote(), local) : local;
    return host(reached) + "." + (port >> 8) + "." + (port & 0xff);
  }

  static boolean isIpv6(RpcPeer peer) {
    return peer.remote().getAddress() instanceof Inet6Address;
  }

  private static String host(InetAddress address) {
    String text = address.getHostAddress();
    int zone = text.indexOf('%');
    return zone < 0 ? text : text.substring(0, zone);
  }

  /** The local address from which packets would leave; nothing is sent. */
  private static InetAddress towards(InetSocketAddress remote, InetAddress otherwise) {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(remote);
      return socket.getLocalAddress();
    } catch (IOException e) {
      return otherwise;
    }
  }
}
