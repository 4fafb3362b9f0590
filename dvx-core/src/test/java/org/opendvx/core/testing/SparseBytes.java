package org.opendvx.core.testing;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A file's bytes: 4 KiB pages by index, absent where all zero. Pages are shared with frozen copies
 * and replaced before they are written. Not thread-safe: the owner locks.
 */
final class SparseBytes {
  static final int PAGE = 4096;
  private static final int PAGES_PER_SEGMENT = 1024;
  private static final byte[] ZERO = new byte[PAGE];

  private final Map<Long, byte[][]> segments = new HashMap<>();
  private long size;
  private long pages;
  private boolean shared;

  long size() {
    return size;
  }

  /** Bytes of pages that hold something. */
  long used() {
    return pages * PAGE;
  }

  /** A copy that never changes; costs no page copies now. */
  SparseBytes freeze() {
    SparseBytes frozen = new SparseBytes();
    segments.forEach((index, segment) -> frozen.segments.put(index, segment.clone()));
    frozen.size = size;
    frozen.pages = pages;
    frozen.shared = true;
    shared = true;
    return frozen;
  }

  /** Copies bytes that exist into the target's remaining space; returns how many. */
  int read(long offset, ByteBuffer target) {
    if (offset >= size) {
      return 0;
    }
    int count = (int) Math.min(target.remaining(), size - offset);
    int done = 0;
    while (done < count) {
      int inPage = (int) ((offset + done) % PAGE);
      int length = Math.min(PAGE - inPage, count - done);
      byte[] page = page((offset + done) / PAGE);
      target.put(target.position() + done, page == null ? ZERO : page, inPage, length);
      done += length;
    }
    return count;
  }

  /** Writes the source's remaining bytes; its position does not move. */
  void write(long offset, ByteBuffer source) {
    int count = source.remaining();
    int done = 0;
    while (done < count) {
      int inPage = (int) ((offset + done) % PAGE);
      int length = Math.min(PAGE - inPage, count - done);
      long index = (offset + done) / PAGE;
      byte[] old = page(index);
      byte[] page = old == null ? new byte[PAGE] : shared ? old.clone() : old;
      source.get(source.position() + done, page, inPage, length);
      put(index, Arrays.equals(page, ZERO) ? null : page);
      done += length;
    }
    if (count > 0) {
      size = Math.max(size, offset + count);
    }
  }

  /** Cuts or grows with a hole. */
  void resize(long newSize) {
    if (newSize < size) {
      dropPagesFrom((newSize + PAGE - 1) / PAGE);
      int kept = (int) (newSize % PAGE);
      byte[] last = kept == 0 ? null : page(newSize / PAGE);
      if (last != null) {
        byte[] cut = Arrays.copyOf(Arrays.copyOf(last, kept), PAGE);
        put(newSize / PAGE, Arrays.equals(cut, ZERO) ? null : cut);
      }
    }
    size = newSize;
  }

  private void dropPagesFrom(long first) {
    Iterator<Map.Entry<Long, byte[][]>> all = segments.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<Long, byte[][]> entry = all.next();
      long base = entry.getKey() * PAGES_PER_SEGMENT;
      if (base + PAGES_PER_SEGMENT <= first) {
        continue;
      }
      byte[][] segment = entry.getValue();
      for (int i = (int) Math.max(0, first - base); i < PAGES_PER_SEGMENT; i++) {
        if (segment[i] != null) {
          segment[i] = null;
          pages--;
        }
      }
      if (base >= first) {
        all.remove();
      }
    }
  }

  private byte @Nullable [] page(long index) {
    byte[][] segment = segments.get(index / PAGES_PER_SEGMENT);
    return segment == null ? null : segment[(int) (index % PAGES_PER_SEGMENT)];
  }

  @SuppressWarnings("NullAway") // a missing page is a null element
  private void put(long index, byte @Nullable [] page) {
    byte[][] segment = segments.get(index / PAGES_PER_SEGMENT);
    if (segment == null) {
      if (page == null) {
        return;
      }
      segment = new byte[PAGES_PER_SEGMENT][];
      segments.put(index / PAGES_PER_SEGMENT, segment);
    }
    int slot = (int) (index % PAGES_PER_SEGMENT);
    pages += (page == null ? 0 : 1) - (segment[slot] == null ? 0 : 1);
    segment[slot] = page;
  }
}
