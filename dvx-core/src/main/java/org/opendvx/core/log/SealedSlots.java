package org.opendvx.core.log;

import org.opendvx.core.error.DvxException;
import org.opendvx.core.log.SlotSource.SlotSink;
import org.opendvx.core.log.SlotSource.Verdict;

/**
 * Sealed slots by address, past the memory for chunks: for filling caches ahead of reads.
 * Thread-safe.
 */
public final class SealedSlots {
  private final ChunkCache cache;
  private final LiveContainers live;
  private final ContainerReader pool;
  private final SlotOpener opener;
  private final LogCounters counters;

  SealedSlots(
      ChunkCache cache,
      LiveContainers live,
      ContainerReader pool,
      SlotOpener opener,
      LogCounters counters) {
    this.cache = cache;
    this.live = live;
    this.pool = pool;
    this.opener = opener;
    this.counters = counters;
  }

  /** Chunks that were read from memory since the log was opened. */
  public long memoryHits() {
    return counters.cacheHits.sum();
  }

  /** How warm a chunk is in memory: 0 when it is not there, else 1 to 4. */
  public int warmth(long address) {
    return cache.warmth(address);
  }

  /** Whether a chunk is in a container that is not in the pool yet; it will be offered then. */
  public boolean unput(long address) {
    return live.find(ChunkAddress.container(address)) != null;
  }

  /** Whether a slot is that of an address, unharmed. */
  public Verdict judge(long address, byte[] bytes, int offset, int length) {
    try {
      byte[] _ = opener.chunk(bytes, offset, length, address);
      return Verdict.TAKEN;
    } catch (DvxException e) {
      return opener.verdict(e, bytes, offset, length);
    }
  }

  /**
   * Reads slots from the pool; blocks. Each is verified before the sink gets it.
   *
   * @param sorted ascending addresses, none twice
   * @throws DvxException when one cannot be read; those before it were handed over
   */
  public void read(long[] sorted, int count, SlotSink sink) {
    pool.read(
        sorted,
        count,
        (i, bytes, offset, length) -> {
          byte[] _ = opener.chunk(bytes, offset, length, sorted[i]);
          Object _ = sink.slot(i, bytes, offset, length);
        });
  }
}
