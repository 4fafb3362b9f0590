package org.opendvx.server.rest;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.filterchain.BaseFilter;
import org.glassfish.grizzly.filterchain.FilterChainBuilder;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;
import org.glassfish.grizzly.http.HttpContent;
import org.glassfish.grizzly.http.server.AddOn;
import org.glassfish.grizzly.http.server.HttpServerFilter;
import org.glassfish.grizzly.http.server.NetworkListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bounds the number of connections, and the time that one may spend without sending a whole request
 * head: TLS handshake, idleness and slow headers included.
 */
final class ConnectionLimits implements AddOn, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectionLimits.class);
  private static final long SHORTEST_ROUND = 50_000_000L;
  private static final long LONGEST_ROUND = 1_000_000_000L;

  private final int most;
  private final long headNanos;
  private final ScheduledExecutorService reaper =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("rest-reaper").factory());

  /**
   * Open connections, and since when each owes a request head; {@link #OWES_NOTHING} if it does
   * not.
   */
  private final Map<Connection<?>, Long> open = new ConcurrentHashMap<>();

  private static final Long OWES_NOTHING = Long.MIN_VALUE;

  ConnectionLimits(int most, Duration head) {
    this.most = most;
    this.headNanos = head.toNanos();
  }

  @Override
  public void setup(NetworkListener listener, FilterChainBuilder chain) {
    chain.add(1, new Doorkeeper());
    chain.add(chain.indexOfType(HttpServerFilter.class), new Heads());
    long round = Math.clamp(headNanos / 4, SHORTEST_ROUND, LONGEST_ROUND);
    var _ = reaper.scheduleWithFixedDelay(this::reap, round, round, TimeUnit.NANOSECONDS);
  }

  /** Connections open now. */
  int open() {
    return open.size();
  }

  @Override
  public void close() {
    reaper.shutdownNow();
  }

  private void reap() {
    long now = System.nanoTime();
    open.forEach(
        (connection, since) -> {
          if (!connection.isOpen()) {
            open.remove(connection);
          } else if (!since.equals(OWES_NOTHING) && now - since > headNanos) {
            open.remove(connection);
            connection.closeSilently();
          }
        });
  }

  /** Stands before TLS: counts connections in and out. */
  private final class Doorkeeper extends BaseFilter {
    @Override
    public NextAction handleAccept(FilterChainContext context) {
      if (open.size() >= most) {
        LOG.debug("a connection is refused: {} are open", most);
        context.getConnection().closeSilently();
        return context.getStopAction();
      }
      open.put(context.getConnection(), System.nanoTime());
      return context.getInvokeAction();
    }

    @Override
    public NextAction handleClose(FilterChainContext context) {
      open.remove(context.getConnection());
      return context.getInvokeAction();
    }
  }

  /** Stands before the handler: sees heads come and answers end. */
  private final class Heads extends BaseFilter {
    @Override
    public NextAction handleRead(FilterChainContext context) {
      open.replace(context.getConnection(), OWES_NOTHING);
      return context.getInvokeAction();
    }

    @Override
    public NextAction handleWrite(FilterChainContext context) {
      if (context.getMessage() instanceof HttpContent content && content.isLast()) {
        open.replace(context.getConnection(), System.nanoTime());
      }
      return context.getInvokeAction();
    }
  }
}
