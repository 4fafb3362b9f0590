package org.opendvx.server.node;

import java.util.function.Predicate;
import org.opendvx.core.cluster.ClusterHost;
import org.opendvx.core.cluster.PeerBook;
import org.opendvx.core.peer.PeerTier;

/**
 * This node as one of several hosts.
 *
 * @param name of this host
 * @param host is closed with it
 * @param book what all hosts noted of themselves
 * @param door shuts a host out of the data node; false when that did not know it
 * @param tier what reads ask before the pool; is closed with it
 */
public record SharedHost(
    String name, ClusterHost host, PeerBook book, Predicate<String> door, PeerTier tier)
    implements AutoCloseable {
  @Override
  public void close() {
    host.close();
    tier.close();
  }
}
