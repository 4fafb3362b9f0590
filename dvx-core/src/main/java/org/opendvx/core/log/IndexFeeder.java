package org.opendvx.core.log;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.log.ContainerReader.RawToc;
import org.opendvx.core.pool.ContainerStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feeds the dedupe index from tables of contents, on a thread of its own: after a restart from the
 * newest containers, until it is full; later, where the index is a sample, the neighbours of a
 * chunk that was found again. Thread-safe.
 */
final class IndexFeeder {
  private static final Logger LOG = LoggerFactory.getLogger(IndexFeeder.class);
  private static final int QUEUE = 64;
  private static final int REMEMBERED = 256;

  private final ContainerStore store;
  private final ContainerReader reader;
  private final ContainerPlaces places;
  private final DedupeIndex index;
  private final ThreadPoolExecutor thread;

  /** Containers whose neighbours were asked for lately, by the low bits of their ids. */
  private final AtomicLongArray lately = new AtomicLongArray(REMEMBERED);

  private volatile boolean stopped;

  IndexFeeder(
      ContainerStore store, ContainerReader reader, ContainerPlaces places, DedupeIndex index) {
    this.store = store;
    this.reader = reader;
    this.places = places;
    this.index = index;
    this.thread =
        new ThreadPoolExecutor(
            1,
            1,
            1,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(QUEUE),
            Thread.ofPlatform().daemon().name("log-index").factory(),
            new ThreadPoolExecutor.DiscardPolicy());
    thread.allowCoreThreadTimeOut(true);
  }

  /** Starts to fill the index with what the pool holds. */
  void refill() {
    thread.execute(this::refillAll);
  }

  /** A chunk of the sample was found again in a container: its neighbours may be next. */
  void neighbours(long container) {
    int at = (int) container & (REMEMBERED - 1);
    if (lately.get(at) != container) {
      lately.set(at, container);
      thread.execute(() -> loadNeighbours(container));
    }
  }

  void close(Duration limit) {
    stopped = true;
    thread.shutdown();
    try {
      if (!thread.awaitTermination(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("The dedupe index is still being filled after {}", limit);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void refillAll() {
    long[] ids = ids();
    long before = index.size();
    int read = 0;
    boolean room = true;
    for (int i = ids.length - 1; i >= 0 && room && !stopped; i--) {
      room = load(ids[i], true);
      read++;
    }
    LOG.info(
        "The dedupe index took up {} fingerprints from {} of {} containers{}",
        index.size() - before,
        read,
        ids.length,
        room ? "" : " and is full");
  }

  private long[] ids() {
    IdList ids = new IdList();
    store.forEach(ids::add);
    return ids.sorted();
  }

  private void loadNeighbours(long container) {
    if (!stopped) {
      load(places.placeOf(container), false);
    }
  }

  /** Whether there was room for every entry. */
  private boolean load(long container, boolean forGood) {
    try {
      RawToc raw = reader.rawToc(container);
      if (raw.footer().kind() == ContainerKind.META) {
        return true;
      }
      Toc toc = Toc.parse(container, raw.footer(), raw.bytes(), raw.at());
      boolean room = true;
      for (int i = 0; i < raw.footer().count() && room; i++) {
        if (toc.length(i) > 0) {
          room = enter(raw.bytes(), raw.at() + i * ContainerFormat.TOC_ENTRY, forGood);
        }
      }
      return room;
    } catch (DvxException e) {
      // Deleted meanwhile, or damaged: its chunks are not found again, which is harmless.
      LOG.debug("Container {} does not feed the dedupe index", container, e);
      return true;
    }
  }

  private boolean enter(byte[] toc, int at, boolean forGood) {
    long address = ContainerFormat.getLong(toc, at);
    long high = ContainerFormat.getLong(toc, at + ContainerFormat.ENTRY_FINGERPRINT);
    long low = ContainerFormat.getLong(toc, at + ContainerFormat.ENTRY_FINGERPRINT + 8);
    if (high == 0 && low == 0) {
      // A node that the cleaner moved.
      return true;
    }
    if (forGood) {
      return index.putIfRoom(high, low, address);
    }
    index.putRecent(high, low, address);
    return true;
  }

  /** A growing list of longs. */
  private static final class IdList {
    private long[] ids = new long[1024];
    private int count;

    void add(long id) {
      if (count == ids.length) {
        ids = Arrays.copyOf(ids, 2 * count);
      }
      ids[count++] = id;
    }

    long[] sorted() {
      long[] all = Arrays.copyOf(ids, count);
      Arrays.sort(all);
      return all;
    }
  }
}
