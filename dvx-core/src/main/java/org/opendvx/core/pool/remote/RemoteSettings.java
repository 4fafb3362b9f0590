package org.opendvx.core.pool.remote;

import java.time.Duration;

/**
 * How a data node is reached.
 *
 * @param address host name or address
 * @param fingerprint SHA-256 of its certificate, 64 hex digits
 * @param callLimit how long a call waits for the data node, its restart included, before it fails
 * @param connectLimit how long one attempt to connect may take
 * @param ping how often it is asked whether it is there
 * @param silence after which a connection is given up
 */
public record RemoteSettings(
    String address,
    int port,
    String fingerprint,
    Duration callLimit,
    Duration connectLimit,
    Duration ping,
    Duration silence) {

  /** 30 s, 5 s; a ping every second, given up after 10 s. */
  public static RemoteSettings of(String address, int port, String fingerprint) {
    return new RemoteSettings(
        address,
        port,
        fingerprint,
        Duration.ofSeconds(30),
        Duration.ofSeconds(5),
        Duration.ofSeconds(1),
        Duration.ofSeconds(10));
  }

  /** With another limit of calls. */
  public RemoteSettings withCallLimit(Duration limit) {
    return new RemoteSettings(address, port, fingerprint, limit, connectLimit, ping, silence);
  }
}
