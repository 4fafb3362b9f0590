package org.opendvx.core.pool.datanode;

import java.time.Duration;

/**
 * How a data node serves.
 *
 * @param listen address
 * @param port 0: any free one
 * @param lease how long a session that is silent keeps what it holds, and how long after a start
 *     nobody but its holder may take a journal
 * @param silence after which a connection is given up
 * @param maxConnections at a time
 */
public record DataNodeSettings(
    String listen, int port, Duration lease, Duration silence, int maxConnections) {

  /** 3 s, 15 s, 512 connections. */
  public static DataNodeSettings of(String listen, int port) {
    return new DataNodeSettings(listen, port, Duration.ofSeconds(3), Duration.ofSeconds(15), 512);
  }
}
