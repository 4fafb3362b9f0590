package org.opendvx.server.security;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Counts refused tokens by client address. It never locks out a good token, since behind one
 * address there may be several clients: it tells when a client's failures should be answered with
 * "too many" and not be logged one by one. Thread-safe, bounded.
 */
public final class FailureLimiter {
  private static final int MAX_CLIENTS = 4096;

  private final int allowed;
  private final long windowNanos;
  private final LongSupplier clock;
  private final Map<String, Window> clients =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Window> eldest) {
          return size() > MAX_CLIENTS;
        }
      };

  private record Window(long startNanos, int failures) {}

  /**
   * A limiter.
   *
   * @param allowed failures of one client in a window
   * @param clock nanoseconds that only grow
   */
  public FailureLimiter(int allowed, Duration window, LongSupplier clock) {
    this.allowed = allowed;
    this.windowNanos = window.toNanos();
    this.clock = clock;
  }

  /**
   * Notes a failure.
   *
   * @return 0 while the client is within its limit, else the seconds until its window ends
   */
  public synchronized long failed(String client) {
    long now = clock.getAsLong();
    Window window = clients.get(client);
    if (window == null || now - window.startNanos() >= windowNanos) {
      window = new Window(now, 0);
    }
    window = new Window(window.startNanos(), Math.min(window.failures() + 1, allowed + 1));
    clients.put(client, window);
    if (window.failures() <= allowed) {
      return 0;
    }
    return Math.max(1, (windowNanos - (now - window.startNanos())) / 1_000_000_000L);
  }
}
