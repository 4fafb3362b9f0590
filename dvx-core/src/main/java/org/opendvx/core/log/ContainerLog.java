package org.opendvx.core.log;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import org.opendvx.core.codec.ChunkSealer;
import org.opendvx.core.codec.Fingerprinter;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Epoch;

/**
 * The log over a pool's containers. Chunks and nodes have open containers of their own.
 *
 * <p>After construction: {@link #replay} for every record, {@link #recovered} once, then the rest.
 */
public final class ContainerLog implements ChunkLog, NodeLog, AutoCloseable {
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

  private final LiveContainers live = new LiveContainers();
  private final LogCounters counters = new LogCounters();
  private final DedupeIndex index;
  private final ChunkReader reader;
  private final SealedSlots sealed;
  private final IndexFeeder feeder;
  private final Putter putter;
  private final ContainerWriter dataWriter;
  private final ContainerWriter nodeContainers;
  private final NodeWriter nodeWriter;
  private final Rebuilder rebuilder;
  private final ChunkBatch.Tools tools;
  private final Passage batches = new Passage();
  private final LongSupplier ids;
  private final Fingerprinter fingerprinter;
  private final ContainerReader containers;
  private final ContainerStore store;
  private final Epoch epoch;

  /**
   * Opens a log.
   *
   * @param ids fresh container ids, never given before in the life of the pool: {@link
   *     ContainerIds}
   * @param places what the cleaner did; {@link ContainerPlaces#UNMOVED} without one
   * @param sources asked in order before the pool
   */
  public ContainerLog(
      ContainerStore store,
      Epoch epoch,
      LongSupplier ids,
      Fingerprinter fingerprinter,
      ChunkSealer sealer,
      ContainerPlaces places,
      List<SlotSource> sources,
      LogSettings settings) {
    this.ids = ids;
    this.fingerprinter = fingerprinter;
    this.store = store;
    this.epoch = epoch;
    this.index = new DedupeIndex(settings.indexBytes());
    TocCache tocs = new TocCache(settings.tocCacheBytes());
    DedupeVerifier verifier = new DedupeVerifier(store, live, places, tocs);
    this.containers = new ContainerReader(store, places, tocs, verifier::unreadable);
    ChunkCache cache = new ChunkCache(settings.cacheBytes());
    SlotOpener opener = new SlotOpener(sealer);
    this.reader = new ChunkReader(cache, live, sources, containers, opener, counters);
    this.sealed = new SealedSlots(cache, live, containers, opener, counters);
    this.feeder = new IndexFeeder(store, containers, places, index);
    this.putter = new Putter(store, epoch, settings.putThreads());
    ContainerBuffers buffers = new ContainerBuffers(settings.containersInFlight());
    int inFlight = settings.containersInFlight();
    this.dataWriter =
        new ContainerWriter(
            ContainerKind.DATA,
            ids,
            buffers,
            live,
            putter,
            container -> {
              tocs.put(container.contents());
              sources.forEach(container::offerTo);
            },
            inFlight,
            0);
    this.nodeContainers =
        new ContainerWriter(
            ContainerKind.META,
            ids,
            buffers,
            live,
            putter,
            container -> tocs.put(container.contents()),
            inFlight,
            Long.MAX_VALUE);
    this.nodeWriter = new NodeWriter(sealer, nodeContainers, settings.flushLimit());
    this.rebuilder = new Rebuilder(store, places, live, buffers, index);
    this.tools =
        new ChunkBatch.Tools(
            fingerprinter, sealer, index, verifier, feeder, dataWriter, counters, batches);
  }

  @Override
  public WriteBatch begin() {
    return new ChunkBatch(tools);
  }

  @Override
  public boolean readCached(
      long address, int offset, int length, ByteBuffer target, int targetOffset) {
    return reader.readCached(address, offset, length, target, targetOffset);
  }

  @Override
  public void read(long[] addresses, int from, int to, ChunkSink sink) {
    reader.read(addresses, from, to, sink);
  }

  @Override
  public boolean hasRoom() {
    return dataWriter.hasRoom();
  }

  @Override
  public boolean refused() {
    return putter.refusal() != null;
  }

  @Override
  public boolean awaitRoom(long limitNanos) throws InterruptedException {
    return dataWriter.awaitRoom(limitNanos);
  }

  @Override
  public void replay(long lsn, ByteBuffer record) {
    rebuilder.replay(lsn, record);
  }

  @Override
  public void recovered() {
    rebuilder.finish(dataWriter);
    feeder.refill();
  }

  @Override
  public long trimFloor() {
    return dataWriter.trimFloor();
  }

  @Override
  public void closeOlderThan(long lsn) {
    dataWriter.closeOlderThan(lsn);
  }

  @Override
  public void durable(long lsn) {
    dataWriter.durable(lsn);
  }

  @Override
  public LogStatistics statistics() {
    OpenContainer[] pending = live.all();
    return new LogStatistics(
        counters.logical.sum(),
        counters.unique.sum(),
        counters.stored.sum(),
        counters.cacheHits.sum(),
        counters.cacheMisses.sum(),
        pending.length,
        Arrays.stream(pending).mapToLong(OpenContainer::length).sum(),
        index.size());
  }

  @Override
  public long write(byte[] node, int offset, int length) {
    return nodeWriter.write(node, offset, length);
  }

  @Override
  public void flush() {
    nodeWriter.flush();
  }

  @Override
  public byte[] read(long address) {
    return reader.node(address);
  }

  /**
   * Closes the open container and waits until the pool has every chunk whose record is durable, so
   * that the journal can be trimmed whole: for a clean stop.
   *
   * @return false when the limit passed first; nothing is lost then
   */
  public boolean drain(Duration limit) throws InterruptedException {
    push();
    return awaitPut(limit);
  }

  /**
   * Closes what is open, so that it goes its way to the pool as soon as its records are durable.
   */
  public void push() {
    dataWriter.closeOpen();
  }

  /**
   * Waits until the pool has every container that is closed now.
   *
   * @return false when the limit passed first; nothing is lost then
   */
  public boolean awaitPut(Duration limit) throws InterruptedException {
    return dataWriter.awaitPut(limit.toNanos());
  }

  /**
   * Waits until every batch that was begun before the call has ended, so that no reference that it
   * found by dedupe is still to be journalled.
   *
   * @return false when the limit passed first
   */
  public boolean awaitBatches(Duration limit) throws InterruptedException {
    return batches.await(limit.toNanos());
  }

  /**
   * An id that is given to no container: those opened before have lower ones, those opened later
   * higher ones, as far as they are of this log.
   */
  public long markId() {
    return ids.getAsLong();
  }

  /** Closes the open containers: whatever is written later goes to others. */
  public void closeOpen() {
    dataWriter.closeOpen();
    nodeContainers.closeOpen();
  }

  /** The lowest id of a container that is open or on its way to the pool; a high one for none. */
  public long lowestOpen() {
    return Math.min(dataWriter.lowestId(), nodeContainers.lowestId());
  }

  /** Slots as they are stored. */
  public SealedSlots sealed() {
    return sealed;
  }

  /**
   * Moves slots between containers of the pool.
   *
   * @param sealer seals and compresses what is moved
   */
  public Repacker repacker(ChunkSealer sealer) {
    return new Repacker(
        store, epoch, ids, containers, new SlotOpener(sealer), sealer, fingerprinter);
  }

  /** Stops the background work. What the pool does not have is in the journal. */
  @Override
  public void close() {
    feeder.close(CLOSE_LIMIT);
    putter.close(CLOSE_LIMIT);
  }
}
