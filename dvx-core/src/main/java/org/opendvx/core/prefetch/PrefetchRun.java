package org.opendvx.core.prefetch;

import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.FileChunks;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.log.ChunkLog;
import org.opendvx.core.log.SlotSource.Verdict;
import org.opendvx.core.peer.PeerTier;
import org.opendvx.core.prefetch.PrefetchProgress.State;
import org.opendvx.core.vm.VmRef;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fetches for one move of one machine. {@link #run} by one thread, the rest by any. */
final class PrefetchRun {
  private static final Logger LOG = LoggerFactory.getLogger(PrefetchRun.class);

  /** Chunks of a batch: half a megabyte. */
  private static final int BATCH = 128;

  private static final long YIELD_MILLIS = 5;
  private static final int YIELDS = 4;
  private static final int LISTING_SHARE = 10;

  /** Chunks of a batch that the pool may fail to give before the rest is left alone. */
  private static final int MOST_FAILURES = 4;

  private final long id;
  private final VmRef vm;
  private final String name;
  private final String source;
  private final Instant started = Instant.now();
  private final PeerTier tier;
  private final Supplier<List<FileChunks>> here;
  private final Supplier<List<Long>> files;
  private final PrefetchSettings settings;
  private final FetchPace pace;
  private final boolean announced;
  private final LongAdder hot = new LongAdder();
  private final LongAdder skipped = new LongAdder();
  private final LongAdder fromPeers = new LongAdder();
  private final LongAdder fromPool = new LongAdder();
  private final LongAdder missed = new LongAdder();
  private final LongAdder transferred = new LongAdder();
  private volatile @Nullable UsedSample used;
  private volatile State state = State.WAITING;
  private volatile String note = "";
  private volatile @Nullable Instant ended;
  private volatile boolean cancelled;

  // Guarded by the monitor.
  private boolean moved;
  private boolean again;

  /**
   * A run.
   *
   * @param source the hypervisor host that the machine comes from
   * @param files resolves the machine's files; may fail
   * @param announced whether the machine has yet to move
   */
  PrefetchRun(
      long id,
      VmRef vm,
      String name,
      String source,
      boolean announced,
      PeerTier tier,
      Supplier<List<FileChunks>> here,
      Supplier<List<Long>> files,
      PrefetchSettings settings,
      FetchPace pace) {
    this.id = id;
    this.vm = vm;
    this.name = name;
    this.source = source;
    this.announced = announced;
    this.moved = !announced;
    this.tier = tier;
    this.here = here;
    this.files = files;
    this.settings = settings;
    this.pace = pace;
  }

  VmRef vm() {
    return vm;
  }

  boolean ended() {
    return state.ended();
  }

  /** The machine has moved here; false when the run has ended already. */
  synchronized boolean moved() {
    if (state.ended() || cancelled) {
      return false;
    }
    moved = true;
    again = true;
    notifyAll();
    return true;
  }

  /** Breaks off. */
  synchronized void cancel() {
    cancelled = true;
    notifyAll();
  }

  void read(long address) {
    UsedSample sample = used;
    if (sample != null) {
      sample.read(address);
    }
  }

  PrefetchProgress progress() {
    UsedSample sample = used;
    long fetched = fromPeers.sum() + fromPool.sum();
    return new PrefetchProgress(
        id,
        vm,
        name,
        source,
        state,
        note,
        announced,
        started,
        ended,
        bytes(hot.sum()),
        bytes(skipped.sum()),
        bytes(fromPeers.sum()),
        bytes(fromPool.sum()),
        bytes(missed.sum()),
        transferred.sum(),
        bytes(sample == null ? 0 : Math.min(fetched, sample.used())));
  }

  private static long bytes(long chunks) {
    return chunks * ChunkLog.CHUNK;
  }

  /** Works until all is fetched, or it is broken off. Blocks. */
  void run(Semaphore runs) {
    State end = State.FAILED;
    try {
      runs.acquire();
      try {
        end = work();
      } finally {
        runs.release();
      }
    } catch (DvxException e) {
      note = e.getMessage() == null ? "it failed" : e.getMessage();
      LOG.warn("Nothing is fetched ahead for {}: {}", name, note);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      end = State.CANCELLED;
    } catch (RuntimeException e) {
      note = "a fault of the program";
      LOG.error("Fetching ahead for {} failed", name, e);
    } finally {
      finish(end);
    }
  }

  private synchronized void finish(State end) {
    ended = Instant.now();
    state = cancelled ? State.CANCELLED : end;
    LOG.info("Prefetch for {}: {}", name, progress());
  }

  private State work() throws InterruptedException {
    if (cancelled) {
      return State.CANCELLED;
    }
    if (!tier.keeps()) {
      note = "this host has no flash that works: nothing can be kept";
      return State.FAILED;
    }
    long deadline = System.nanoTime() + settings.announced().toNanos();
    boolean last;
    boolean first = true;
    do {
      synchronized (this) {
        last = moved;
        again = false;
      }
      long start = System.nanoTime();
      pass(first);
      first = false;
      long took = System.nanoTime() - start;
      if (!last) {
        state = State.FOLLOWING;
        rest(Math.max(settings.follow().toNanos(), took * LISTING_SHARE));
      }
    } while (!cancelled && (!last || wantedAgain()) && deadline - System.nanoTime() > 0);
    return State.DONE;
  }

  private synchronized boolean wantedAgain() {
    return again;
  }

  private synchronized void rest(long nanos) throws InterruptedException {
    long end = System.nanoTime() + nanos;
    while (!moved && !cancelled && end - System.nanoTime() > 0) {
      wait(TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime()) + 1);
    }
  }

  private @Nullable String sourceHost() {
    if (source.isEmpty()) {
      return null;
    }
    String peer = tier.beside(source);
    if (peer == null && tier.usable(source)) {
      peer = source;
    }
    return peer;
  }

  private void pass(boolean first) throws InterruptedException {
    state = State.LISTING;
    String peer = sourceHost();
    HotLister lister = new HotLister(tier, here, peer, settings.mostChunks(), () -> cancelled);
    List<Long> lost = lister.list(files.get(), settings.listing());
    if (!lost.isEmpty() && !cancelled) {
      note = lost.size() + " files were on no host that could be asked";
    } else if (lister.hot().dropped()) {
      note = "the hot set is too large: the coldest part is left out";
    }
    HotSet set = lister.hot();
    state = State.FETCHING;
    for (int heat = HotSet.HEATS - 1; heat > 0 && !cancelled; heat--) {
      fetch(wanted(set.of(heat), first), peer);
    }
    if (lister.sourceLost()) {
      fetch(wanted(newest(set.of(0)), first), null);
    }
  }

  /** The highest addresses were written last. */
  private long[] newest(long[] ascending) {
    int most = (int) Math.min(ascending.length, settings.coldBytes() / ChunkLog.CHUNK);
    return Arrays.copyOfRange(ascending, ascending.length - most, ascending.length);
  }

  /**
   * Leaves out what is here.
   *
   * @param first whether that is known for a duplicate: later it may be what was just fetched
   */
  private long[] wanted(long[] addresses, boolean first) {
    List<FileChunks> roots = here.get();
    long[] wanted = new long[addresses.length];
    int count = 0;
    for (long address : addresses) {
      boolean held =
          tier.holds(address) || roots.stream().anyMatch(root -> root.slots().unput(address));
      if (!held) {
        wanted[count++] = address;
      }
    }
    hot.add(first ? addresses.length : count);
    skipped.add(first ? addresses.length - count : 0);
    return Arrays.copyOf(wanted, count);
  }

  private void fetch(long[] addresses, @Nullable String peer) throws InterruptedException {
    if (addresses.length == 0) {
      return;
    }
    if (used == null) {
      used = new UsedSample(addresses.length);
    }
    int streams = Math.min(settings.streams(), (addresses.length + BATCH - 1) / BATCH);
    Thread[] workers = new Thread[streams];
    Batches batches = new Batches(addresses);
    for (int i = 0; i < streams; i++) {
      workers[i] = Thread.ofVirtual().name("prefetch-" + name).start(() -> stream(batches, peer));
    }
    try {
      for (Thread worker : workers) {
        worker.join();
      }
    } catch (InterruptedException e) {
      cancel();
      throw e;
    }
  }

  /** Addresses to fetch, a batch at a time. Thread-safe. */
  private static final class Batches {
    private final long[] addresses;
    private int next;

    Batches(long[] addresses) {
      this.addresses = addresses;
    }

    synchronized long[] take() {
      int from = next;
      next = Math.min(addresses.length, from + BATCH);
      return Arrays.copyOfRange(addresses, from, next);
    }
  }

  private void stream(Batches batches, @Nullable String peer) {
    try {
      long[] batch = batches.take();
      while (batch.length > 0 && !cancelled) {
        giveWay();
        if (!cancelled) {
          fetchBatch(batch, peer);
        }
        batch = batches.take();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      note = "a fault of the program";
      LOG.error("Fetching ahead for {} failed", name, e);
    }
  }

  private void giveWay() throws InterruptedException {
    long wait = pace.waitNanos();
    while (wait > 0 && !cancelled) {
      TimeUnit.NANOSECONDS.sleep(wait);
      wait = pace.waitNanos();
    }
    for (int i = 0; i < YIELDS && tier.reading() > 0; i++) {
      Thread.sleep(YIELD_MILLIS);
    }
  }

  private void fetchBatch(long[] batch, @Nullable String peer) {
    List<FileChunks> roots = here.get();
    if (roots.isEmpty()) {
      missed.add(batch.length);
      note = "this host serves no files at present";
      return;
    }
    FileChunks root = roots.getFirst();
    long[] bytes = new long[1];
    int[] kept = new int[1];
    long start = System.nanoTime();
    BitSet got =
        tier.fetchAhead(
            batch,
            peer,
            (index, slot, offset, length) -> {
              Verdict verdict = root.slots().judge(batch[index], slot, offset, length);
              if (verdict != Verdict.TAKEN) {
                return verdict;
              }
              kept[0] += keep(batch[index], slot, offset, length) ? 1 : 0;
              bytes[0] += length;
              return verdict;
            });
    pace.fetched(bytes[0], got.cardinality(), System.nanoTime() - start);
    transferred.add(bytes[0]);
    fromPeers.add(kept[0]);
    missed.add(got.cardinality() - kept[0]);
    long[] rest = new long[batch.length - got.cardinality()];
    int count = 0;
    for (int i = got.nextClearBit(0); i < batch.length; i = got.nextClearBit(i + 1)) {
      rest[count++] = batch[i];
    }
    if (count > 0 && !cancelled) {
      fromPool(root, rest);
    }
  }

  private void fromPool(FileChunks root, long[] wanted) {
    long[] bytes = new long[1];
    int[] kept = new int[1];
    long[] rest = wanted;
    for (int failures = 0; rest.length > 0 && failures < MOST_FAILURES && !cancelled; ) {
      long[] asked = rest;
      int[] done = new int[1];
      try {
        root.slots()
            .read(
                asked,
                asked.length,
                (index, slot, offset, length) -> {
                  done[0] = index + 1;
                  kept[0] += keep(asked[index], slot, offset, length) ? 1 : 0;
                  bytes[0] += length;
                  return Verdict.TAKEN;
                });
      } catch (DvxException e) {
        LOG.debug("A chunk cannot be fetched ahead", e);
        note = "some chunks could not be read: " + e.getMessage();
        failures++;
        done[0]++;
      }
      rest = Arrays.copyOfRange(asked, Math.min(asked.length, done[0]), asked.length);
    }
    // Not a measure of the pace of peers.
    pace.fetched(bytes[0], 0, 0);
    transferred.add(bytes[0]);
    fromPool.add(kept[0]);
    missed.add(wanted.length - kept[0]);
  }

  /** Gives a slot to the flash; false when it is too busy. */
  private boolean keep(long address, byte[] slot, int offset, int length) {
    tier.keep(address, slot, offset, length);
    if (!tier.holds(address)) {
      note = "the flash does not keep up";
      return false;
    }
    UsedSample sample = used;
    if (sample != null) {
      sample.fetched(address);
    }
    return true;
  }
}
