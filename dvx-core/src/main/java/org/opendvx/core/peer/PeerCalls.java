package org.opendvx.core.peer;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cluster.PeerNetwork;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls to peers about chunks, and what is learnt of the peers by them. Thread-safe. */
final class PeerCalls {
  private static final Logger LOG = LoggerFactory.getLogger(PeerCalls.class);

  private static final int MOST_KNOWN = 256;

  private final PeerNetwork network;
  private final PeerDirectory directory;
  private final PeerSettings settings;
  private final Map<String, Peer> peers = new ConcurrentHashMap<>();
  final LongAdder bytesIn = new LongAdder();
  final LongAdder bytesOut = new LongAdder();

  PeerCalls(PeerNetwork network, PeerDirectory directory, PeerSettings settings) {
    this.network = network;
    this.directory = directory;
    this.settings = settings;
  }

  /** A peer that lives and may be asked; null for none of that name. */
  @Nullable Peer usable(String name) {
    if (!directory.endpoints().containsKey(name)) {
      return null;
    }
    Peer peer = peer(name);
    return peer.usable() ? peer : null;
  }

  private Peer peer(String name) {
    return peers.computeIfAbsent(name, key -> new Peer(key, settings));
  }

  /** All that live. */
  List<Peer> living() {
    Map<String, String> alive = directory.endpoints();
    if (peers.size() > MOST_KNOWN) {
      // Else one that is gone for a moment keeps its record, bad ones too.
      peers.keySet().retainAll(alive.keySet());
    }
    return alive.keySet().stream().sorted().map(this::peer).toList();
  }

  Collection<Peer> known() {
    return peers.values();
  }

  /**
   * Calls a peer. The future fails with {@link PeerRefusedException}, with {@link
   * BadReplyException} or with what went wrong on the way; the peer's record is kept.
   *
   * @param reader makes something of the reply; run on the network's thread, so it must be quick
   */
  <T> CompletableFuture<T> call(Peer peer, byte[] request, Duration limit, Reader<T> reader) {
    String endpoint = directory.endpoints().get(peer.name);
    if (endpoint == null) {
      return CompletableFuture.failedFuture(new PeerRefusedException(peer.name + " does not live"));
    }
    long start = System.nanoTime();
    bytesOut.add(request.length);
    return network
        .call(peer.name, endpoint, request, limit)
        .orTimeout(limit.toNanos(), TimeUnit.NANOSECONDS)
        .handle((reply, failure) -> read(peer, reply, failure, start, reader));
  }

  private <T> T read(
      Peer peer, byte[] reply, @Nullable Throwable failure, long start, Reader<T> reader) {
    if (failure != null) {
      peer.silent();
      LOG.debug("{} did not answer", peer.name, failure);
      throw new CompletionException(failure);
    }
    bytesIn.add(reply.length);
    peer.answered(System.nanoTime() - start);
    try {
      return reader.read(reply);
    } catch (BadReplyException e) {
      LOG.warn("{} is not asked for chunks for a while: {}", peer.name, e.getMessage());
      peer.broke(String.valueOf(e.getMessage()));
      throw e;
    }
  }

  /** Makes something of a reply. */
  @FunctionalInterface
  interface Reader<T> {
    T read(byte[] reply);
  }
}
