package org.opendvx.core.cluster;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

/**
 * Calls between hosts. Messages are opaque here; they may be lost or delayed, never come twice, and
 * their sender is known for sure. Thread-safe.
 */
public interface PeerNetwork extends AutoCloseable {

  /** Where peers reach this host; goes into its lease. */
  String endpoint();

  /** Answers calls from now on. */
  void serve(Handler handler);

  /**
   * Calls a peer.
   *
   * @param endpoint as in its lease
   * @return its answer. Fails with {@link NotSent} when the peer has not got the call for sure, and
   *     with anything else when nobody knows
   */
  CompletableFuture<byte[]> call(String host, String endpoint, byte[] request, Duration limit);

  /** What was said between hosts so far. */
  default Traffic traffic() {
    return new Traffic(0, 0);
  }

  /**
   * Bytes of messages.
   *
   * @param sent to peers, requests and replies
   * @param received from them
   */
  record Traffic(long sent, long received) {}

  @Override
  void close();

  /** Answers calls; may be called by many threads, must not block. */
  @FunctionalInterface
  interface Handler {
    /**
     * One call.
     *
     * @param from the peer's host name
     */
    CompletableFuture<byte[]> call(String from, byte[] request);

    /**
     * One call.
     *
     * @param from the peer's host name
     * @param gone tells whether the connection on which it came has ended: nobody waits for it then
     */
    default CompletableFuture<byte[]> call(String from, byte[] request, BooleanSupplier gone) {
      return call(from, request);
    }
  }

  /** The peer has not got the call. */
  final class NotSent extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Says why. */
    public NotSent(String why) {
      super(why, null, false, false);
    }
  }
}
