package org.opendvx.server.bench.rpc;

import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * The server and export to work on, and how to talk to it.
 *
 * @param host name or address
 * @param export path to mount
 * @param nfsPort port of the NFS program, 0 to ask the portmapper
 * @param mountPort port of the MOUNT program, 0 to ask the portmapper
 * @param who credentials of every call
 * @param callLimit time limit of every call
 * @param reservedPort whether to call from ports below 1024
 */
public record Target(
    String host,
    String export,
    int nfsPort,
    int mountPort,
    Credentials who,
    Duration callLimit,
    boolean reservedPort) {

  /** Cuts {@code host:/export}; an IPv6 address stands in brackets. */
  public static Target parse(
      String text,
      int nfsPort,
      int mountPort,
      Credentials who,
      Duration callLimit,
      boolean reservedPort) {
    int cut = text.indexOf(":/");
    if (cut <= 0) {
      throw DvxException.of(Kind.INVALID, "The target '" + text + "' is not understood")
          .cause("It has no ':/' between host and export")
          .remedy("Give it as HOST:/EXPORT, such as 127.0.0.1:/dvx")
          .build();
    }
    String host = text.substring(0, cut);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    return new Target(
        host, text.substring(cut + 1), nfsPort, mountPort, who, callLimit, reservedPort);
  }

  @Override
  public String toString() {
    return host + ":" + export;
  }
}
