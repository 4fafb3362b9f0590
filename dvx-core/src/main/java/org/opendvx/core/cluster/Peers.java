package org.opendvx.core.cluster;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.opendvx.core.cluster.Lease.Status;
import org.opendvx.core.error.DvxException;

/** Calls other hosts. Futures fail with what the peer says, or {@link RouteException}. */
final class Peers {
  private final PeerNetwork network;
  private final Membership membership;
  private final Duration limit;

  Peers(PeerNetwork network, Membership membership, Duration limit) {
    this.network = network;
    this.membership = membership;
    this.limit = limit;
  }

  CompletableFuture<Wire.In> call(String host, PeerCall call) {
    return call(host, call, limit);
  }

  CompletableFuture<Wire.In> call(String host, PeerCall call, Duration within) {
    return call(host, call, membership.life(), within);
  }

  /** Calls on behalf of something that was begun in a certain life. */
  CompletableFuture<Wire.In> call(String host, PeerCall call, long life, Duration within) {
    Lease lease = membership.leases().get(host);
    if (lease == null || lease.status() != Status.HELD) {
      return CompletableFuture.failedFuture(RouteException.notRun(host + " has no lease"));
    }
    return network
        .call(host, lease.endpoint(), PeerCall.encode(call, life), within)
        .orTimeout(within.toNanos(), TimeUnit.NANOSECONDS)
        .handle(
            (reply, failure) -> {
              Throwable cause = ServedRoot.cause(failure);
              if (cause instanceof PeerNetwork.NotSent) {
                throw RouteException.notRun(String.valueOf(cause.getMessage()));
              }
              if (cause != null) {
                throw RouteException.unknown(String.valueOf(cause));
              }
              try {
                return PeerReply.body(reply);
              } catch (DvxException e) {
                // It was carried out or not: who repeats it must know that.
                throw RouteException.unknown(String.valueOf(e.getMessage()));
              }
            });
  }

  /** Waits for an answer and throws what it fails with. Blocks. */
  static <T> T await(CompletableFuture<T> future, Duration limit) {
    try {
      return future.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof CompletionException wrapped && wrapped.getCause() != null) {
        cause = wrapped.getCause();
      }
      if (cause instanceof RuntimeException failure) {
        throw failure;
      }
      throw RouteException.unknown(String.valueOf(cause));
    } catch (TimeoutException _) {
      throw RouteException.unknown("no answer within " + limit);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw RouteException.unknown("interrupted");
    }
  }
}
