package org.opendvx.coordinator.session;

import org.opendvx.coordinator.protocol.ProtocolException;
import org.opendvx.coordinator.protocol.RefusalCode;

/**
 * What a connection may say that nobody asked for: an agent that keeps to its heartbeats needs a
 * tenth of it, one that floods the node is refused. Belongs to the connection's event loop.
 */
final class Chatter {
  /** In a minute, in units of a heartbeat. */
  static final int PER_MINUTE = 120;

  /** Certificates are signed and written to disk. */
  static final int RENEWAL = 20;

  private static final long MINUTE_MILLIS = 60_000;

  private final Ticker ticker;
  private long since;
  private int spent;

  Chatter(Ticker ticker) {
    this.ticker = ticker;
    this.since = ticker.nanos();
  }

  /**
   * Notes a message.
   *
   * @throws ProtocolException LIMIT when it is too much
   */
  void said(int units) {
    if (ticker.millisSince(since) > MINUTE_MILLIS) {
      since = ticker.nanos();
      spent = 0;
    }
    spent += units;
    if (spent > PER_MINUTE) {
      throw new ProtocolException(
          RefusalCode.LIMIT, "more than " + PER_MINUTE + " messages in a minute that ask nothing");
    }
  }
}
