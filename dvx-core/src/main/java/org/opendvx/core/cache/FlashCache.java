package org.opendvx.core.cache;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.opendvx.core.log.ReadBuffers;
import org.opendvx.core.log.SlotSource;
import org.opendvx.core.log.SlotSource.Verdict;

/**
 * Sealed slots on the flash of this host. Nothing in it needs to be believed: an address is sealed
 * with its slot, and means the same bytes for as long as the pool lives. A device that fails is
 * left out without an error for anybody, and taken up again when it works.
 */
public final class FlashCache implements SlotSource, AutoCloseable {
  /** Bytes between two slots that are read along rather than starting a new read. */
  private static final int GAP = 16 << 10;

  private static final int LONGEST_READ = 1 << 20;

  private final FlashIndex index;
  private final FlashCounters counters = new FlashCounters();
  private final List<FlashRing> rings = new ArrayList<>();
  private final int perRing;
  private final ReadBuffers buffers = new ReadBuffers(LONGEST_READ);

  /**
   * Opens a cache; devices are opened and read in the background.
   *
   * @param pool whose slots these are: a device that holds those of another one is emptied
   */
  public FlashCache(UUID pool, FlashSettings settings) {
    this.index = new FlashIndex(settings.indexBytes());
    this.perRing = FlashIndex.MOST_SEGMENTS / settings.devices().size();
    for (FlashSettings.Device device : settings.devices()) {
      rings.add(
          new FlashRing(device, settings, pool, index, counters, rings.size() * perRing, perRing));
    }
  }

  private record Hit(int wanted, long address, long entry) {
    int segment() {
      return FlashIndex.segment(entry);
    }

    int offset() {
      return FlashIndex.offset(entry);
    }

    int end() {
      return offset() + FlashIndex.length(entry);
    }
  }

  @Override
  public void fetch(long[] addresses, int count, SlotSink sink) {
    fetch(addresses, count, sink, true);
  }

  /**
   * Hands over slots for another host: no read of this one, so it is neither counted nor does it
   * keep anything longer. What the sink does not take stays.
   */
  public void serve(long[] addresses, int count, SlotSink sink) {
    fetch(addresses, count, sink, false);
  }

  /** Whether it seems to have a slot; wrong about once in ten thousand times. */
  public boolean holds(long address) {
    return heat(address) > 0;
  }

  /**
   * 0 when it has no such slot, else 1 and the times it was read since it was written, at most 3.
   */
  public int heat(long address) {
    long entry = index.find(address);
    return entry != FlashIndex.NONE && ring(entry).serves() ? 1 + FlashIndex.reads(entry) : 0;
  }

  /** Whether any device serves. */
  public boolean serves() {
    return rings.stream().anyMatch(FlashRing::serves);
  }

  /** What it holds, for other hosts. */
  public List<SummaryPart> summary() {
    return rings.stream().flatMap(ring -> ring.summary().stream()).toList();
  }

  private void fetch(long[] addresses, int count, SlotSink sink, boolean own) {
    List<Hit> hits = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      long entry = index.find(addresses[i]);
      if (entry != FlashIndex.NONE && ring(entry).serves()) {
        hits.add(new Hit(i, addresses[i], entry));
      } else if (own) {
        counters.misses.increment();
      }
    }
    ReadBuffers.Loan buffer = buffers.loan();
    try {
      read(hits, buffer, sink, own);
    } finally {
      buffer.end();
    }
  }

  /** Reads what is near together at once. */
  private void read(List<Hit> hits, ReadBuffers.Loan buffer, SlotSink sink, boolean own) {
    hits.sort(Comparator.comparingInt(Hit::segment).thenComparingInt(Hit::offset));
    int from = 0;
    while (from < hits.size()) {
      int to = from + 1;
      int end = hits.get(from).end();
      while (to < hits.size()
          && hits.get(to).segment() == hits.get(from).segment()
          && hits.get(to).offset() - end <= GAP
          && hits.get(to).end() - hits.get(from).offset() <= LONGEST_READ) {
        end = Math.max(end, hits.get(to).end());
        to++;
      }
      read(hits.subList(from, to), end, buffer, sink, own);
      from = to;
    }
  }

  private void read(List<Hit> run, int end, ReadBuffers.Loan buffer, SlotSink sink, boolean own) {
    Hit first = run.getFirst();
    int start = first.offset();
    byte[] bytes = buffer.bytes(end - start);
    if (!ring(first.entry()).read(first.segment(), start, bytes, end - start)) {
      counters.misses.add(own ? run.size() : 0);
      return;
    }
    ByteBuffer view = ByteBuffer.wrap(bytes);
    for (Hit hit : run) {
      int at = hit.offset() - start;
      int length = SegmentFormat.slotLength(view, at, hit.end() - hit.offset(), hit.address());
      if (length < 0) {
        // Another address with the same tag, or a segment that was written anew meanwhile.
        counters.misses.add(own ? 1 : 0);
        index.remove(hit.address(), hit.entry());
      } else if (!own) {
        Object _ = sink.slot(hit.wanted(), bytes, at + SegmentFormat.PREFIX, length);
      } else {
        judged(hit, sink.slot(hit.wanted(), bytes, at + SegmentFormat.PREFIX, length));
      }
    }
  }

  private void judged(Hit hit, Verdict verdict) {
    if (verdict == Verdict.TAKEN) {
      counters.hits.increment();
      index.read(hit.address());
      return;
    }
    // One that an old key sealed is as good as not there.
    (verdict == Verdict.OUTDATED ? counters.misses : counters.damaged).increment();
    index.remove(hit.address(), hit.entry());
  }

  @Override
  public void offer(long address, byte[] bytes, int offset, int length) {
    offer(address, bytes, offset, length, false);
  }

  @Override
  public void written(long address, byte[] bytes, int offset, int length) {
    offer(address, bytes, offset, length, true);
  }

  private void offer(long address, byte[] bytes, int offset, int length, boolean patient) {
    if (length < 1 || length > FlashIndex.MOST_LENGTH - SegmentFormat.PREFIX) {
      return;
    }
    // Neighbours stay together: a container goes to one device.
    int start = Math.floorMod(((address >>> 16) * 0x9E3779B97F4A7C15L) >>> 33, rings.size());
    for (int i = 0; i < rings.size(); i++) {
      FlashRing ring = rings.get((start + i) % rings.size());
      if (ring.active()) {
        ring.offer(address, bytes, offset, length, patient);
        return;
      }
    }
  }

  private FlashRing ring(long entry) {
    return rings.get(Math.min(rings.size() - 1, FlashIndex.segment(entry) / perRing));
  }

  /** How it fares. */
  public FlashStatus status() {
    return new FlashStatus(
        serves() ? FlashStatus.Mode.LOCAL : FlashStatus.Mode.PEER_CACHE,
        rings.stream().map(FlashRing::status).toList(),
        counters.hits.sum(),
        counters.misses.sum(),
        counters.damaged.sum(),
        counters.bytesRead.sum(),
        counters.bytesWritten.sum(),
        counters.dropped.sum(),
        counters.kept.sum(),
        index.bytes());
  }

  @Override
  public void close() {
    rings.forEach(FlashRing::close);
  }
}
