package org.opendvx.server.node;

import org.opendvx.core.cluster.ClusterHost;
import org.opendvx.core.cluster.PeerBook;

/**
 * This node as one of several hosts.
 *
 * @param name of this host
 * @param host is closed with it
 * @param book what all hosts noted of themselves
 */
public record SharedHost(String name, ClusterHost host, PeerBook book) implements AutoCloseable {
  @Override
  public void close() {
    host.close();
  }
}
