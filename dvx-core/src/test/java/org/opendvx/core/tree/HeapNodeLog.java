package org.opendvx.core.tree;

import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.opendvx.core.log.NodeLog;

/** Keeps nodes in a map and counts. */
final class HeapNodeLog implements NodeLog {
  private final Map<Long, byte[]> nodes = new ConcurrentHashMap<>();
  private final AtomicLong next = new AtomicLong(1 << 16);
  final AtomicLong writes = new AtomicLong();
  final AtomicLong reads = new AtomicLong();

  @Override
  public long write(byte[] node, int offset, int length) {
    if (length > MAX_NODE) {
      throw new AssertionError("a node of " + length + " bytes");
    }
    writes.incrementAndGet();
    long address = next.incrementAndGet();
    nodes.put(address, Arrays.copyOfRange(node, offset, offset + length));
    return address;
  }

  @Override
  public void flush() {}

  @Override
  public byte[] read(long address) {
    reads.incrementAndGet();
    return Objects.requireNonNull(nodes.get(address), "no node").clone();
  }
}
