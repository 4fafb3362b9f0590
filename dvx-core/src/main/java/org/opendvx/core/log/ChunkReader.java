package org.opendvx.core.log;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.ChunkLog.ChunkSink;
import org.opendvx.core.log.SlotSource.Verdict;

/**
 * The way of a read: cache, containers in memory, nearer sources, pool. Every slot is verified.
 * Thread-safe.
 */
final class ChunkReader {
  private final ChunkCache cache;
  private final LiveContainers live;
  private final List<SlotSource> sources;
  private final ContainerReader pool;
  private final SlotOpener opener;
  private final LogCounters counters;

  ChunkReader(
      ChunkCache cache,
      LiveContainers live,
      List<SlotSource> sources,
      ContainerReader pool,
      SlotOpener opener,
      LogCounters counters) {
    this.cache = cache;
    this.live = live;
    this.sources = List.copyOf(sources);
    this.pool = pool;
    this.opener = opener;
    this.counters = counters;
  }

  /** See {@link ChunkLog#readCached}. */
  boolean readCached(long address, int offset, int length, ByteBuffer target, int targetOffset) {
    byte[] chunk = fromMemory(address);
    if (chunk == null) {
      return false;
    }
    target.put(targetOffset, chunk, offset, length);
    return true;
  }

  /** See {@link ChunkLog#read}. */
  void read(long[] addresses, int from, int to, ChunkSink sink) {
    int[] missing = new int[0];
    int misses = 0;
    for (int i = from; i < to; i++) {
      byte[] chunk = fromMemory(addresses[i]);
      if (chunk != null) {
        sink.chunk(i, chunk);
      } else {
        if (misses == 0) {
          missing = new int[to - i];
        }
        missing[misses++] = i;
      }
    }
    if (misses > 0) {
      counters.cacheMisses.add(misses);
      new Fetch(addresses, missing, misses, sink).run();
    }
  }

  /** A node from memory or the pool. */
  byte[] node(long address) {
    byte[] inMemory = fromLive(address, opener::node);
    if (inMemory != null) {
      return inMemory;
    }
    byte[][] result = new byte[1][];
    pool.read(
        new long[] {address},
        1,
        (_, bytes, offset, length) -> result[0] = opener.node(bytes, offset, length, address));
    return result[0];
  }

  private byte @Nullable [] fromMemory(long address) {
    byte[] cached = cache.get(address);
    if (cached != null) {
      counters.cacheHits.increment();
      return cached;
    }
    byte[] chunk = fromLive(address, opener::chunk);
    if (chunk != null) {
      counters.cacheHits.increment();
      cache.put(address, chunk);
    }
    return chunk;
  }

  private byte @Nullable [] fromLive(long address, Opener open) {
    OpenContainer container = live.find(ChunkAddress.container(address));
    if (container == null || !container.pin()) {
      return null;
    }
    try {
      int slot = ChunkAddress.slot(address);
      if (!container.holds(slot)) {
        throw DvxException.of(Kind.CORRUPT, "A stored chunk is missing")
            .cause("its container has no such slot")
            .detail("address", Long.toHexString(address))
            .build();
      }
      return open.open(
          container.bytes(), container.slotOffset(slot), container.slotLength(slot), address);
    } finally {
      container.unpin();
    }
  }

  /** Opens one kind of slot. */
  @FunctionalInterface
  private interface Opener {
    byte[] open(byte[] bytes, int offset, int length, long address);
  }

  /**
   * Chunks that are not in memory, each fetched once, and handed over while the processor still has
   * them at hand. Confined to one thread.
   */
  private final class Fetch {
    private static final int NOBODY = -1;

    private final ChunkSink sink;

    /** Ascending, none twice. */
    private final long[] sorted;

    private final boolean[] fetched;

    /** Indexes that are missing; of each address the last one, and before each the one before. */
    private final int[] missing;

    private final int[] lastWanter;
    private final int[] wanterBefore;

    /** Addresses that nobody had yet, ascending. */
    private long[] wanted;

    Fetch(long[] addresses, int[] missing, int misses, ChunkSink sink) {
      this.sink = sink;
      this.missing = missing;
      long[] all = new long[misses];
      for (int i = 0; i < misses; i++) {
        all[i] = addresses[missing[i]];
      }
      Arrays.sort(all);
      int unique = 0;
      for (long address : all) {
        if (unique == 0 || all[unique - 1] != address) {
          all[unique++] = address;
        }
      }
      sorted = unique == misses ? all : Arrays.copyOf(all, unique);
      fetched = new boolean[unique];
      wanted = sorted;
      lastWanter = new int[unique];
      wanterBefore = new int[misses];
      Arrays.fill(lastWanter, NOBODY);
      for (int i = 0; i < misses; i++) {
        int at = at(addresses[missing[i]]);
        wanterBefore[i] = lastWanter[at];
        lastWanter[at] = i;
      }
    }

    void run() {
      for (SlotSource source : sources) {
        if (wanted.length > 0) {
          long[] asked = wanted;
          source.fetch(
              asked,
              asked.length,
              (i, bytes, offset, length) -> accept(asked[i], bytes, offset, length));
          wanted = Arrays.stream(asked).filter(address -> !fetched[at(address)]).toArray();
        }
      }
      long[] rest = wanted;
      pool.read(
          rest,
          rest.length,
          (i, bytes, offset, length) -> {
            handOver(rest[i], opener.chunk(bytes, offset, length, rest[i]));
            sources.forEach(source -> source.offer(rest[i], bytes, offset, length));
          });
      for (long address : rest) {
        if (!fetched[at(address)]) {
          throw new IllegalStateException("the pool gives every chunk or fails");
        }
      }
    }

    private Verdict accept(long address, byte[] bytes, int offset, int length) {
      byte[] chunk;
      try {
        chunk = opener.chunk(bytes, offset, length, address);
      } catch (DvxException e) {
        // The source drops it; the next one, at last the pool, is asked for the chunk.
        return opener.verdict(e, bytes, offset, length);
      }
      handOver(address, chunk);
      return Verdict.TAKEN;
    }

    private void handOver(long address, byte[] chunk) {
      int at = at(address);
      if (fetched[at]) {
        return;
      }
      fetched[at] = true;
      cache.put(address, chunk);
      for (int i = lastWanter[at]; i != NOBODY; i = wanterBefore[i]) {
        sink.chunk(missing[i], chunk);
      }
    }

    private int at(long address) {
      return Arrays.binarySearch(sorted, address);
    }
  }
}
