package org.opendvx.core.datastore;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.opendvx.core.log.NodeLog;

/**
 * The node log as trees see it: a node that is not in memory is read only where waiting is allowed,
 * else the operation gets {@link NotYet}. Thread-safe.
 */
final class ResidentNodes implements NodeLog {
  private static final long FETCHED_BYTES = 16L << 20;

  private final NodeLog log;

  /** Nodes on their way from the log to a tree. */
  private final Cache<Long, byte[]> fetched =
      Caffeine.newBuilder()
          .maximumWeight(FETCHED_BYTES)
          .weigher((Long _, byte[] node) -> node.length + 64)
          .executor(Runnable::run)
          .build();

  ResidentNodes(NodeLog log) {
    this.log = log;
  }

  @Override
  public long write(byte[] node, int offset, int length) {
    return log.write(node, offset, length);
  }

  @Override
  public void flush() {
    log.flush();
  }

  @Override
  public byte[] read(long address) {
    byte[] node = fetched.getIfPresent(address);
    if (node != null) {
      return node;
    }
    if (!Attempts.mayWait()) {
      throw new NodeMissing(this, address);
    }
    return log.read(address);
  }

  private void fetch(long address) {
    fetched.put(address, log.read(address));
  }

  /** A tree's node must be read first. */
  private static final class NodeMissing extends NotYet {
    private static final long serialVersionUID = 1L;

    private final transient ResidentNodes nodes;
    private final long address;

    NodeMissing(ResidentNodes nodes, long address) {
      super("a node must be read");
      this.nodes = nodes;
      this.address = address;
    }

    @Override
    void await() {
      nodes.fetch(address);
    }
  }
}
