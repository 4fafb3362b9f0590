package org.opendvx.server.forward;

import java.net.InetSocketAddress;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** {@code HOST:PORT} on a command line; an IPv6 address stands in square brackets. */
record Address(String host, int port) {
  private static final int MOST_PORT = 65535;

  /**
   * Reads one.
   *
   * @param least the smallest port: 0 where any free one may be asked for, else 1
   * @throws DvxException INVALID when it is none
   */
  static Address of(String text, int least) {
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    } else if (host.indexOf(':') >= 0) {
      host = "";
    }
    int port = colon < 0 ? -1 : port(text.substring(colon + 1));
    if (host.isEmpty() || port < least || port > MOST_PORT) {
      throw DvxException.of(Kind.INVALID, "An address cannot be understood")
          .cause("It is not HOST:PORT with a port of " + least + " to " + MOST_PORT)
          .remedy("Write it as 10.1.0.6:2049 or [fd00::6]:2049")
          .detail("address", text)
          .build();
    }
    return new Address(host, port);
  }

  private static int port(String digits) {
    if (digits.isEmpty() || digits.length() > 5 || !digits.chars().allMatch(Character::isDigit)) {
      return -1;
    }
    return Integer.parseInt(digits);
  }

  /** Looked up anew each time, since the answer may change while the forwarder runs. */
  InetSocketAddress resolve() {
    return new InetSocketAddress(host, port);
  }

  @Override
  public String toString() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }
}
