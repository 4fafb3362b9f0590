package org.opendvx.core.tree;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.opendvx.core.log.NodeLog;

/**
 * What all trees of a host share: the log, the cache of clean nodes, and the stamps. Thread-safe.
 */
public final class TreeIo {
  private final NodeLog log;
  private final Cache<Long, Node> cache;
  private final AtomicLong stamps = new AtomicLong();
  private final LongAdder changed = new LongAdder();

  /**
   * Trees over a log.
   *
   * @param cacheBytes heap that clean nodes may take, roughly
   */
  public TreeIo(NodeLog log, long cacheBytes) {
    this.log = log;
    this.cache =
        Caffeine.newBuilder()
            .maximumWeight(cacheBytes)
            .weigher((Long _, Node node) -> node.weight())
            .executor(Runnable::run)
            .build();
  }

  /**
   * Heap, roughly, of all nodes that were ever made or copied to be changed: what came since a
   * flush began is what that flush left in memory at the most.
   */
  public long changedBytes() {
    return changed.sum();
  }

  void changed(Node node) {
    changed.add(node.weight());
  }

  long nextStamp() {
    return stamps.incrementAndGet();
  }

  Node load(long address, long birth) {
    Node node = cache.getIfPresent(address);
    if (node == null) {
      node = NodeCodec.decode(log.read(address), address);
      node.written(address, birth);
      cache.put(address, node);
    }
    return node;
  }

  /** Tells the cache that a node is in use: to be told again costs less than to be told first. */
  void touch(Node node) {
    if (cache.getIfPresent(node.address()) != node) {
      cache.put(node.address(), node);
    }
  }

  long write(byte[] buffer, int length) {
    return log.write(buffer, 0, length);
  }

  NodeLog log() {
    return log;
  }
}
