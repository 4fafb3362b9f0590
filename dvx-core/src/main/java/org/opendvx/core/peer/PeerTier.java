package org.opendvx.core.peer;

import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cache.FlashCache;
import org.opendvx.core.cluster.PeerNetwork;
import org.opendvx.core.datastore.FileChunks;
import org.opendvx.core.log.SlotSource;
import org.opendvx.core.log.SlotSource.Verdict;
import org.opendvx.core.peer.ChunkMessages.Cursor;
import org.opendvx.core.peer.ChunkMessages.HotPage;

/**
 * What a read asks before the pool: the flash of this host, if it has any, then that of its peers.
 * What peers gave goes to the own flash. It answers the peers as well. Thread-safe.
 */
public final class PeerTier implements SlotSource, AutoCloseable {
  /** Times that a read waits for peers at the most, each as long as the longest hedge. */
  private static final int WAITS = 2;

  private final @Nullable FlashCache flash;
  private final PeerSettings settings;
  private final PeerCalls calls;
  private final PeerSummaries summaries;
  private final OwnerHints hints = new OwnerHints();
  private final Givers givers = new Givers();
  private final ChunkPeers peers;
  private final ChunkServer server;
  private final LongAdder flashChunks = new LongAdder();
  private final LongAdder peerChunks = new LongAdder();
  private final LongAdder peerBytes = new LongAdder();
  private final LongAdder poolChunks = new LongAdder();
  private final AtomicInteger reading = new AtomicInteger();
  private volatile LongConsumer onFlashRead = _ -> {};

  /**
   * What it is made of.
   *
   * @param network for messages about chunks: {@link SharedNetwork#chunks}
   * @param directory the hosts that live
   * @param flash stays the caller's; null for none
   * @param files of the roots that this host serves at the time
   * @param beside names of the hypervisor host that this host serves, as the hypervisor has them
   */
  public record Parts(
      PeerNetwork network,
      PeerDirectory directory,
      @Nullable FlashCache flash,
      Supplier<List<FileChunks>> files,
      List<String> beside,
      PeerSettings settings) {}

  /** Begins to answer peers, and to ask them what they have. */
  public PeerTier(Parts parts) {
    this.flash = parts.flash();
    this.settings = parts.settings();
    this.calls = new PeerCalls(parts.network(), parts.directory(), settings);
    this.summaries = new PeerSummaries(calls, settings);
    this.peers = new ChunkPeers(calls, summaries, hints, givers);
    this.server =
        new ChunkServer(parts.directory(), parts.beside(), flash, parts.files(), settings);
    parts.network().serve(server);
    summaries.start();
  }

  @Override
  public void fetch(long[] addresses, int count, SlotSink sink) {
    BitSet got = new BitSet(count);
    if (flash != null) {
      LongConsumer listener = onFlashRead;
      flash.fetch(
          addresses,
          count,
          (index, bytes, offset, length) -> {
            Verdict taken = sink.slot(index, bytes, offset, length);
            if (taken == Verdict.TAKEN) {
              got.set(index);
              listener.accept(addresses[index]);
            }
            return taken;
          });
      flashChunks.add(got.cardinality());
    }
    int[] missing = IntStream.range(0, count).filter(i -> !got.get(i)).toArray();
    if (missing.length == 0) {
      return;
    }
    summaries.wanted();
    reading.incrementAndGet();
    try {
      peerChunks.add(fromPeers(addresses, missing, sink).cardinality());
    } finally {
      reading.decrementAndGet();
    }
  }

  private BitSet fromPeers(long[] addresses, int[] missing, SlotSink sink) {
    return peers.fetch(
        addresses,
        missing,
        null,
        true,
        settings.mostHedge().multipliedBy(WAITS),
        (index, bytes, offset, length) -> {
          Verdict taken = sink.slot(index, bytes, offset, length);
          if (taken == Verdict.TAKEN) {
            peerBytes.add(length);
            keep(addresses[index], bytes, offset, length, false);
          }
          return taken;
        });
  }

  @Override
  public void offer(long address, byte[] bytes, int offset, int length) {
    poolChunks.increment();
    keep(address, bytes, offset, length, false);
  }

  @Override
  public void written(long address, byte[] bytes, int offset, int length) {
    keep(address, bytes, offset, length, true);
  }

  private void keep(long address, byte[] bytes, int offset, int length, boolean patient) {
    if (flash != null) {
      if (patient) {
        flash.written(address, bytes, offset, length);
      } else {
        flash.offer(address, bytes, offset, length);
      }
    }
  }

  /** Keeps a slot that was fetched ahead; waits for room on flash for a short time. */
  public void keep(long address, byte[] bytes, int offset, int length) {
    keep(address, bytes, offset, length, true);
  }

  /** Whether this host has flash that works. */
  public boolean keeps() {
    return flash != null && flash.serves();
  }

  /** Whether the own flash has a slot. */
  public boolean holds(long address) {
    return flash != null && flash.holds(address);
  }

  /** Whether a peer seems to have a slot. */
  public boolean likely(long address) {
    return peers.likely(address);
  }

  /** Reads that are not answered by the own flash and wait for peers now. */
  public int reading() {
    return reading.get();
  }

  /** Tells of every chunk that a read finds on the own flash; must be quick. */
  public void onFlashRead(LongConsumer listener) {
    onFlashRead = listener;
  }

  /**
   * Fetches slots ahead of reads; blocks.
   *
   * @param first the peer that is asked first; null for none
   * @param sink verifies and keeps
   * @return the indices that the sink took
   */
  public BitSet fetchAhead(long[] addresses, @Nullable String first, SlotSink sink) {
    int[] all = IntStream.range(0, addresses.length).toArray();
    return peers.fetch(addresses, all, first, false, settings.call(), sink);
  }

  /** Chunks of files that came from a host are looked for there first. */
  public void cameFrom(long[] addresses, int count, String host) {
    hints.note(addresses, count, host);
  }

  /** Files come from a host now: it is asked for what nobody says to hold. */
  public void arrivedFrom(String host) {
    givers.note(host);
    summaries.soon();
  }

  /** The host beside a hypervisor host, as the peers say; null when none says so. */
  public @Nullable String beside(String hypervisorHost) {
    return summaries.beside(hypervisorHost);
  }

  /** Whether a peer lives and may be asked. */
  public boolean usable(String host) {
    return calls.usable(host) != null;
  }

  /**
   * Asks a peer how hot chunks are there.
   *
   * @return a byte each, 0 for not there; fails when the peer does not say
   */
  public CompletableFuture<byte[]> heat(String host, long[] addresses) {
    Peer peer = calls.usable(host);
    return peer == null
        ? CompletableFuture.failedFuture(new PeerRefusedException(host + " is not asked"))
        : calls.call(
            peer,
            ChunkMessages.heat(addresses),
            settings.call(),
            reply -> ChunkMessages.heats(reply, addresses.length));
  }

  /** Most addresses for {@link #heat}. */
  public static int mostHeat() {
    return ChunkMessages.MOST_HEAT;
  }

  /**
   * Hot chunks of files that a peer has.
   *
   * @param nextFile position where the next page begins, the number of files at the end
   * @param absent positions of files that it does not have
   */
  @SuppressWarnings("ArrayRecordComponent") // a value carrier; never compared
  public record Hot(
      int nextFile, long nextBlock, List<Integer> absent, long[] addresses, byte[] heat) {}

  /** Asks a peer for a page of the hot chunks of files; fails when it does not say. */
  public CompletableFuture<Hot> hot(String host, List<Long> files, int file, long block) {
    Peer peer = calls.usable(host);
    if (peer == null) {
      return CompletableFuture.failedFuture(new PeerRefusedException(host + " is not asked"));
    }
    return calls.call(
        peer,
        ChunkMessages.hot(files, new Cursor(file, block)),
        settings.call(),
        reply -> {
          HotPage page = ChunkMessages.hotPage(reply, files.size());
          return new Hot(
              page.next().file(),
              page.next().block(),
              page.absent(),
              page.addresses(),
              page.heat());
        });
  }

  /** Asks the peers for news of their caches now. */
  public void refresh() {
    summaries.soon();
  }

  /** How it fares. */
  public PeerTierStatus status() {
    boolean works = keeps();
    return new PeerTierStatus(
        works ? PeerTierStatus.Mode.FLASH : PeerTierStatus.Mode.PEER_CACHE,
        flashChunks.sum(),
        peerChunks.sum(),
        peerBytes.sum(),
        poolChunks.sum(),
        server.servedChunks.sum(),
        server.servedBytes.sum(),
        server.refusals.sum(),
        peers.hedges.sum(),
        calls.bytesIn.sum(),
        calls.bytesOut.sum() + server.servedBytes.sum(),
        flash == null ? 0 : flash.summary().stream().mapToLong(part -> part.bytes()).sum(),
        summaries.bytes() + OwnerHints.bytes(),
        calls.known().stream().map(this::status).toList());
  }

  private PeerTierStatus.OnePeer status(Peer peer) {
    return new PeerTierStatus.OnePeer(
        peer.name,
        summaries.flash(peer.name),
        peer.reason(),
        peer.usual(),
        peer.chunks.sum(),
        peer.bytes.sum(),
        peer.damaged.sum(),
        peer.failures.sum(),
        summaries.bytes(peer.name));
  }

  /** For how long a call about chunks is awaited. */
  public Duration callLimit() {
    return settings.call();
  }

  @Override
  public void close() {
    summaries.close();
  }
}
