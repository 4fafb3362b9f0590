package org.opendvx.server.bench.hostile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Connections on which a record of 2 GiB was announced, until the server refuses. */
final class OversizedRecords {
  private final long limitNanos;
  private final List<Waiting> waiting = new ArrayList<>();
  private final ByteBuffer sink = ByteBuffer.allocate(4096);
  private long refused;
  private long accepted;
  private long slowestNanos;

  private record Waiting(SocketChannel channel, long since) {}

  OversizedRecords(Duration limit) {
    this.limitNanos = limit.toNanos();
  }

  /** Takes a connection in non-blocking mode on which the announcement was sent. */
  void add(SocketChannel channel) {
    waiting.add(new Waiting(channel, System.nanoTime()));
  }

  /** Sees which connections the server has closed. */
  void poll() throws IOException {
    for (Iterator<Waiting> i = waiting.iterator(); i.hasNext(); ) {
      Waiting one = i.next();
      long waited = System.nanoTime() - one.since();
      if (isClosed(one.channel())) {
        refused++;
        slowestNanos = Math.max(slowestNanos, waited);
      } else if (waited > limitNanos) {
        accepted++;
      } else {
        continue;
      }
      one.channel().close();
      i.remove();
    }
  }

  private boolean isClosed(SocketChannel channel) {
    try {
      return channel.read(sink.clear()) < 0;
    } catch (IOException reset) {
      return true;
    }
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  long refused() {
    return refused;
  }

  long accepted() {
    return accepted;
  }

  double slowestMillis() {
    return slowestNanos / 1e6;
  }
}
