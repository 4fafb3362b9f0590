package org.opendvx.core.nfs.portmap;

/** A version of a program and the port where it is served. */
public record PortMapping(int program, int version, Protocol protocol, int port) {

  /** The protocol below RPC. */
  public enum Protocol {
    TCP(6, "tcp"),
    UDP(17, "udp");

    private final int number;
    private final String netId;

    Protocol(int number, String netId) {
      this.number = number;
      this.netId = netId;
    }

    /** The IP protocol number, which version 2 of the portmapper uses. */
    public int number() {
      return number;
    }

    /** The network identifier that versions 3 and 4 use; for IPv6 with a 6 behind. */
    public String netId(boolean ipv6) {
      return ipv6 ? netId + "6" : netId;
    }
  }
}
