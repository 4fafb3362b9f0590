package org.opendvx.core.datastore;

import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.opendvx.core.log.NodeLog;

/** Tree nodes in a map; counts what is read and written. */
final class CountingNodes implements NodeLog {
  private final Map<Long, byte[]> nodes = new ConcurrentHashMap<>();
  private final AtomicLong next = new AtomicLong(1 << 16);
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong written = new AtomicLong();

  /** Nodes read since the last call. */
  long read() {
    return reads.getAndSet(0);
  }

  /** Nodes written since the last call. */
  long written() {
    return written.getAndSet(0);
  }

  @Override
  public long write(byte[] node, int offset, int length) {
    written.incrementAndGet();
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
