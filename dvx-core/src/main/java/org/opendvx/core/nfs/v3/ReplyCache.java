package org.opendvx.core.nfs.v3;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.RequestTag;

/**
 * Replies to calls that must not be applied twice, also those still under way, which duplicates
 * wait for. Bounded by count and age; what was dropped, or forgotten by a restart, the datastore
 * still knows for a while. Thread-safe.
 */
public final class ReplyCache {
  private final int limit;
  private final long maxAgeNanos;
  private final LongSupplier clock;
  private final LongAdder hits = new LongAdder();

  /** In the order in which the calls came. */
  private final Map<RequestTag, Entry> entries = new LinkedHashMap<>();

  private record Entry(CompletableFuture<byte[]> reply, long since) {}

  /** Keeps at most so many replies, for at most so long. */
  public ReplyCache(int limit, Duration maxAge) {
    this(limit, maxAge, System::nanoTime);
  }

  ReplyCache(int limit, Duration maxAge, LongSupplier nanoClock) {
    this.limit = limit;
    this.maxAgeNanos = maxAge.toNanos();
    this.clock = nanoClock;
  }

  /**
   * Enters a call.
   *
   * @param own completed by the caller with the reply, if this is the first call of that name
   * @return the reply to the first call of that name, null when this is it
   */
  @Nullable CompletableFuture<byte[]> enter(RequestTag tag, CompletableFuture<byte[]> own) {
    synchronized (entries) {
      long now = clock.getAsLong();
      dropOld(now);
      Entry known = entries.get(tag);
      if (known != null) {
        hits.increment();
        return known.reply();
      }
      entries.put(tag, new Entry(own, now));
      return null;
    }
  }

  /** Forgets a call whose reply says to try again. */
  void forget(RequestTag tag) {
    synchronized (entries) {
      entries.remove(tag);
    }
  }

  /** Calls that were found to be duplicates. */
  public long hits() {
    return hits.sum();
  }

  /** Calls that are remembered. */
  public int size() {
    synchronized (entries) {
      return entries.size();
    }
  }

  /** Calls under way stay whatever their age; connections bound their number. */
  private void dropOld(long now) {
    Iterator<Entry> oldestFirst = entries.values().iterator();
    int tooMany = entries.size() - limit + 1;
    while (oldestFirst.hasNext()) {
      Entry each = oldestFirst.next();
      if (tooMany <= 0 && now - each.since() <= maxAgeNanos) {
        return;
      }
      if (each.reply().isDone()) {
        oldestFirst.remove();
        tooMany--;
      }
    }
  }
}
