package org.opendvx.server.node;

import org.opendvx.core.cluster.ClusterHost;
import org.opendvx.core.cluster.PeerBook;
import org.opendvx.core.peer.PeerTier;

/**
 * This node as one of several hosts.
 *
 * @param name of this host
 * @param host is closed with it
 * @param book what all hosts noted of themselves
 * @param tier what reads ask before the pool; is closed with it
 */
public record SharedHost(String name, ClusterHost host, PeerBook book, PeerTier tier)
    implements AutoCloseable {
  @Override
  public void close() {
    host.close();
    tier.close();
  }
}
