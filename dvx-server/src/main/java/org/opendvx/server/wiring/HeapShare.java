package org.opendvx.server.wiring;

import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.log.LogSettings;
import org.opendvx.server.config.ByteSize;
import org.opendvx.server.config.MemorySection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fits what the engine keeps in memory into the heap that there is, so that caches which are full
 * never leave too little for the work: docs/memory.md.
 */
final class HeapShare {
  private static final Logger LOG = LoggerFactory.getLogger(HeapShare.class);
  private static final long MIB = 1L << 20;

  /** Of the heap, for everything that is listed here; the rest is for the work itself. */
  private static final double SHARE = 0.75;

  /** A container that waits for the pool; there may be as many with tree nodes. */
  private static final long CONTAINER = 8 * MIB;

  private static final long HEAP_PER_CONTAINER = 128 * MIB;
  private static final int FEWEST_CONTAINERS = 2;
  private static final int NODE_PART = 8;
  private static final int TOC_PART = 32;

  /** What the cleaner and the journal take. */
  private static final long OTHERS = 96 * MIB;

  private static final long LEAST = MIB;

  private HeapShare() {}

  /** Settings for a heap of so many bytes; smaller than wanted where they would not fit. */
  static DatastoreSettings settings(MemorySection memory, long heap) {
    LogSettings log = LogSettings.DEFAULT;
    int containers =
        Math.clamp(heap / HEAP_PER_CONTAINER, FEWEST_CONTAINERS, log.containersInFlight());
    long nodes = Math.min(DatastoreSettings.DEFAULT.nodeCacheBytes(), heap / NODE_PART);
    long tocs = Math.min(log.tocCacheBytes(), heap / TOC_PART);
    long left = (long) (heap * SHARE) - 2 * CONTAINER * containers - nodes - tocs - OTHERS;
    long wanted = memory.readCache().bytes() + memory.dedupeIndex().bytes();
    double fits = Math.min(1, Math.max(0, left) / (double) wanted);
    long reads = Math.max(LEAST, (long) (memory.readCache().bytes() * fits));
    long dedupe = Math.max(LEAST, (long) (memory.dedupeIndex().bytes() * fits));
    if (fits < 1) {
      LOG.warn(
          "The heap of {} is too small for memory.read-cache {} and memory.dedupe-index {}: {} and"
              + " {} are used. Give the node more by DVX_JAVA_OPTS, or set smaller ones",
          ByteSize.human(heap),
          memory.readCache(),
          memory.dedupeIndex(),
          ByteSize.human(reads),
          ByteSize.human(dedupe));
    }
    return DatastoreSettings.DEFAULT
        .withNodeCache(nodes)
        .withLog(
            new LogSettings(reads, dedupe, tocs, containers, log.putThreads(), log.flushLimit()));
  }
}
