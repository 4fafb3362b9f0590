package org.opendvx.core.nfs.rpc;

import java.time.Duration;

/**
 * What one client, and all of them together, may ask of the server.
 *
 * @param recordBytes the longest record; one that announces more is refused before it is read
 * @param fragments the most fragments of one record
 * @param requests requests of one connection that are under way; more are not read
 * @param replyBytes bytes of one connection's replies that wait for data or for the network; once
 *     there are more, no further request is read
 * @param connections connections in all
 * @param connectionsPerClient connections from one address
 * @param recordTime from a record's first byte to its last
 * @param idleTime without a request; then the connection is closed
 * @param stalledTime that a client may leave replies unread before it is cut off
 * @param requestTime after which a request is answered "try again later"
 */
public record RpcLimits(
    int recordBytes,
    int fragments,
    int requests,
    int replyBytes,
    int connections,
    int connectionsPerClient,
    Duration recordTime,
    Duration idleTime,
    Duration stalledTime,
    Duration requestTime) {

  /** Enough for hypervisors, little enough for a small node. */
  public static final RpcLimits DEFAULT =
      new RpcLimits(
          (1 << 20) + (64 << 10),
          1024,
          1024,
          16 << 20,
          512,
          128,
          Duration.ofSeconds(30),
          Duration.ofMinutes(30),
          Duration.ofSeconds(60),
          Duration.ofSeconds(30));

  /** The same with another time limit for requests. */
  public RpcLimits withRequestTime(Duration time) {
    return new RpcLimits(
        recordBytes,
        fragments,
        requests,
        replyBytes,
        connections,
        connectionsPerClient,
        recordTime,
        idleTime,
        stalledTime,
        time);
  }
}
