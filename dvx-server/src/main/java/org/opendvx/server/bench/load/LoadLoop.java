package org.opendvx.server.bench.load;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Runs a workload over several connections on the calling thread. Every wait has a limit: of a
 * call, of an outage, and of the whole.
 */
final class LoadLoop implements AutoCloseable {
  /** How long a call waits that the server asked to be sent later. */
  static final long PATIENCE_NANOS = 100_000_000L;

  private static final long TICK_NANOS = 50_000_000L;
  private static final long CONNECT_LIMIT_NANOS = 2_000_000_000L;

  private final Selector selector;
  private final List<LoadConnection> connections = new ArrayList<>();
  private final Workload work;
  private final LoadStats stats;
  private final LoadSettings settings;
  private final Outages outages;
  private boolean abandoned;

  /** How a run came to its end. */
  enum Ending {
    FINISHED,
    DISCONNECTED,
    TOO_MANY_ERRORS
  }

  /** Called about 20 times a second while the loop runs. */
  @FunctionalInterface
  interface Ticker {
    /** Gets the time on the nanosecond clock. */
    void tick(long now);
  }

  /** Prepares the connections; {@link #run} opens them. */
  LoadLoop(
      RemoteFiles files,
      Workload work,
      CallCodec codec,
      LoadStats stats,
      LoadSettings settings,
      Outages outages,
      int largestTransfer)
      throws IOException {
    this.work = work;
    this.stats = stats;
    this.settings = settings;
    this.outages = outages;
    this.selector = Selector.open();
    for (int i = 0; i < settings.connections(); i++) {
      connections.add(
          new LoadConnection(files, codec, work, settings.queueDepth(), largestTransfer));
    }
  }

  /**
   * Runs until the workload is finished.
   *
   * @param limit time after which the run ends with an error, whatever happens
   */
  Ending run(Ticker ticker, Duration limit) throws IOException {
    long deadline = System.nanoTime() + limit.toNanos();
    long nextTick = System.nanoTime();
    for (LoadConnection connection : connections) {
      connection.connect(selector, nextTick);
    }
    while (true) {
      selector.select(this::handle, TICK_NANOS / 1_000_000);
      long now = System.nanoTime();
      if (now - nextTick >= 0) {
        nextTick = now + TICK_NANOS;
        ticker.tick(now);
        supervise(now, deadline);
      }
      if (abandoned) {
        return Ending.DISCONNECTED;
      }
      if (stats.failed() > settings.errorLimit()) {
        return Ending.TOO_MANY_ERRORS;
      }
      if (work.isFinished()) {
        return Ending.FINISHED;
      }
    }
  }

  private void handle(SelectionKey key) {
    LoadConnection connection = (LoadConnection) key.attachment();
    try {
      if (connection.ready(key) > 0) {
        outages.answered(System.nanoTime(), connection.connectedAt());
      }
    } catch (IOException e) {
      lost(connection, e);
    }
  }

  private void lost(LoadConnection connection, IOException why) {
    outages.lost(System.nanoTime(), why);
    if (connection.isConnected()) {
      work.serverWentAway();
    }
    try {
      connection.disconnect();
    } catch (IOException e) {
      why.addSuppressed(e);
    }
    if (settings.onDisconnect() == DisconnectPolicy.FAIL) {
      throw DvxException.of(Kind.UNAVAILABLE, "The connection to the server was lost")
          .causedBy(why)
          .remedy("See the server's log; --reconnect goes on when it comes back")
          .detail("open calls", connection.openCalls())
          .build();
    }
    if (settings.onDisconnect() == DisconnectPolicy.CHECK) {
      abandoned = true;
    }
  }

  private void supervise(long now, long deadline) {
    long callLimit = settings.callLimit().toNanos();
    for (LoadConnection connection : connections) {
      try {
        if (connection.isConnected()) {
          if (connection.isOverdue(now, callLimit)) {
            throw new IOException(
                "no answer to a call within " + settings.callLimit().toSeconds() + " s");
          }
          connection.retryDelayed(now);
          connection.pump(now);
        } else if (connection.isConnecting()) {
          if (now - connection.connectBegan() > CONNECT_LIMIT_NANOS) {
            throw new IOException("no connection within 2 s");
          }
        } else if (!abandoned) {
          connection.connect(selector, now);
        }
      } catch (IOException e) {
        lost(connection, e);
      }
    }
    outages.checkLimit(now, settings.outageLimit());
    if (now - deadline > 0) {
      throw DvxException.of(Kind.TIMEOUT, "The load did not come to its end in time")
          .cause("Calls are still open long after the load's time")
          .remedy("See whether the server still makes progress")
          .detail("open calls", connections.stream().mapToInt(LoadConnection::openCalls).sum())
          .build();
    }
  }

  @Override
  public void close() throws IOException {
    for (LoadConnection connection : connections) {
      connection.disconnect();
    }
    selector.close();
  }
}
