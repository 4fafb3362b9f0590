package org.opendvx.core.cache;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.opendvx.core.log.SlotSource;

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
    List<Hit> hits = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      long entry = index.find(addresses[i]);
      if (entry != FlashIndex.NONE && ring(entry).serves()) {
        hits.add(new Hit(i, addresses[i], entry));
      } else {
        counters.misses.increment();
      }
    }
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
      read(hits.subList(from, to), end, sink);
      from = to;
    }
  }

  private void read(List<Hit> run, int end, SlotSink sink) {
    Hit first = run.getFirst();
    int start = first.offset();
    byte[] bytes = new byte[end - start];
    if (!ring(first.entry()).read(first.segment(), start, bytes, bytes.length)) {
      counters.misses.add(run.size());
      return;
    }
    ByteBuffer view = ByteBuffer.wrap(bytes);
    for (Hit hit : run) {
      int at = hit.offset() - start;
      int length = SegmentFormat.slotLength(view, at, hit.end() - hit.offset(), hit.address());
      if (length < 0) {
        // Another address with the same tag, or a segment that was written anew meanwhile.
        counters.misses.increment();
        index.remove(hit.address(), hit.entry());
      } else if (sink.slot(hit.wanted(), bytes, at + SegmentFormat.PREFIX, length)) {
        counters.hits.increment();
        index.read(hit.address());
      } else {
        counters.damaged.increment();
        index.remove(hit.address(), hit.entry());
      }
    }
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
        rings.stream().anyMatch(FlashRing::serves)
            ? FlashStatus.Mode.LOCAL
            : FlashStatus.Mode.PEER_CACHE,
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
