package org.opendvx.core.cache;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One device: segments written one after another, round and round. The oldest is given up for the
 * next; of its slots those that were read since they were written are written once more, so what is
 * read again stays. All writing is done by one thread; offers are copied into a buffer and dropped
 * when it cannot keep up.
 */
final class FlashRing implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FlashRing.class);
  private static final int BUFFERS = 4;

  /** Kept for slots that are written once more. */
  private static final int SPARE_BUFFERS = 1;

  private static final int LEAST_SEGMENTS = 4;
  private static final int LONGEST_PAUSE = 64;

  private static final long IDLE_SECONDS = 1;
  private static final long SOON_MINUTES = 10;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final FlashSettings.Device source;
  private final FlashSettings settings;
  private final UUID pool;
  private final FlashIndex index;
  private final FlashCounters counters;
  private final int firstSegment;
  private final int mostSegments;
  private final int tableBytes;
  private final FlashContents contents;
  private final Thread writer;

  // Guarded by the monitor; volatile where it is also read without.
  private final Deque<ByteBuffer> free = new ArrayDeque<>();
  private final Deque<Filling> sealed = new ArrayDeque<>();
  private final Map<Integer, Filling> inMemory = new HashMap<>();
  private @Nullable Filling current;
  private int prepared = -1;
  private long impatientUntil = Long.MIN_VALUE;
  private volatile @Nullable FlashDevice device;
  private volatile FlashStatus.State state = FlashStatus.State.WARMING;
  private volatile String reason = "";
  private volatile RingSummary summary = RingSummary.nothing();
  private volatile boolean closed;
  private final CountDownLatch ending = new CountDownLatch(1);

  // Of the writer thread alone.
  private int next;
  private long sequence = 1;
  private volatile int segments;
  private volatile long written;

  /** A segment in memory. */
  private static final class Filling {
    private final int local;
    private final ByteBuffer bytes;
    private int count;
    private int at;

    Filling(int local, ByteBuffer bytes, int at) {
      this.local = local;
      this.bytes = bytes;
      this.at = at;
    }
  }

  /**
   * A device, opened by its own thread.
   *
   * @param firstSegment number of its first segment in the index
   * @param mostSegments numbers that it has there
   */
  FlashRing(
      FlashSettings.Device source,
      FlashSettings settings,
      UUID pool,
      FlashIndex index,
      FlashCounters counters,
      int firstSegment,
      int mostSegments) {
    this.source = source;
    this.settings = settings;
    this.pool = pool;
    this.index = index;
    this.counters = counters;
    this.firstSegment = firstSegment;
    this.mostSegments = mostSegments;
    this.tableBytes = SegmentFormat.tableBytes(settings.segmentBytes());
    this.contents = new FlashContents(pool, settings.segmentBytes());
    for (int i = 0; i < BUFFERS; i++) {
      free.add(ByteBuffer.allocateDirect(settings.segmentBytes()));
    }
    this.writer = Thread.ofPlatform().daemon().name("dvx-flash").start(this::run);
  }

  boolean active() {
    return state == FlashStatus.State.ACTIVE;
  }

  /** Whether it may have what the index says: also while it is still learning. */
  boolean serves() {
    return device != null && state != FlashStatus.State.FAILED;
  }

  FlashStatus.Device status() {
    return new FlashStatus.Device(
        source.name(),
        state,
        reason,
        (long) segments * settings.segmentBytes(),
        written * settings.segmentBytes());
  }

  /**
   * Takes a copy of a slot, if there is room in memory.
   *
   * @param patient whether to wait for room, for a short time
   */
  boolean offer(long address, byte[] bytes, int offset, int length, boolean patient) {
    boolean taken = offer(address, bytes, offset, length, SPARE_BUFFERS);
    if (!taken && patient && roomComes()) {
      counters.dropped.decrement();
      taken = offer(address, bytes, offset, length, SPARE_BUFFERS);
    }
    return taken;
  }

  /** Waits until a segment can be begun, unless that was in vain a moment ago. */
  private synchronized boolean roomComes() {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (current == null && (prepared < 0 || free.size() <= SPARE_BUFFERS)) {
      long left = deadline - System.nanoTime();
      if (state != FlashStatus.State.ACTIVE || closed || left <= 0 || impatientUntil > deadline) {
        impatientUntil = left <= 0 ? deadline + 2 * PATIENCE_NANOS : impatientUntil;
        return false;
      }
      try {
        wait(TimeUnit.NANOSECONDS.toMillis(left) + 1);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }

  private synchronized boolean offer(
      long address, byte[] bytes, int offset, int length, int spare) {
    if (state != FlashStatus.State.ACTIVE || closed) {
      return false;
    }
    int size = SegmentFormat.PREFIX + length;
    Filling filling = current;
    if (filling != null
        && (filling.at + size > settings.segmentBytes()
            || filling.count == SegmentFormat.mostEntries(settings.segmentBytes()))) {
      seal(filling);
      filling = null;
    }
    if (filling == null) {
      filling = begin(spare);
      if (filling == null) {
        counters.dropped.increment();
        return false;
      }
    }
    int at = filling.at;
    SegmentFormat.putPrefix(filling.bytes, at, address, length);
    filling.bytes.put(at + SegmentFormat.PREFIX, bytes, offset, length);
    SegmentFormat.putEntry(filling.bytes, filling.count, address, at, size);
    filling.count++;
    filling.at = (at + size + FlashIndex.UNIT - 1) & -FlashIndex.UNIT;
    index.put(address, firstSegment + filling.local, at, size);
    summary.add(address, filling.local);
    return true;
  }

  /** What it holds, for other hosts. */
  List<SummaryPart> summary() {
    return summary.parts();
  }

  private void seal(Filling filling) {
    sealed.add(filling);
    current = null;
    notifyAll();
  }

  private @Nullable Filling begin(int spare) {
    if (prepared < 0 || free.size() <= spare) {
      notifyAll();
      return null;
    }
    Filling filling = new Filling(prepared, free.remove(), tableBytes);
    prepared = -1;
    inMemory.put(filling.local, filling);
    current = filling;
    notifyAll();
    return filling;
  }

  /**
   * Reads part of a segment, from memory or from flash.
   *
   * @return false when the device failed
   */
  boolean read(int segment, int offset, byte[] target, int length) {
    int local = segment - firstSegment;
    synchronized (this) {
      Filling filling = inMemory.get(local);
      if (filling != null) {
        filling.bytes.get(offset, target, 0, length);
        return true;
      }
    }
    FlashDevice from = device;
    if (from == null) {
      return false;
    }
    try {
      from.read(ByteBuffer.wrap(target, 0, length), contents.position(local) + offset);
      counters.bytesRead.add(length);
      return true;
    } catch (EOFException _) {
      // The index knows it from the device that was there before: no slot is there.
      Arrays.fill(target, 0, length, (byte) 0);
      return true;
    } catch (IOException e) {
      fail(from, e);
      return false;
    }
  }

  private void run() {
    int pause = 1;
    while (!closed) {
      long start = System.nanoTime();
      try {
        recover();
        write();
      } catch (IOException e) {
        fail(device, e);
        // One that fails again soon is left alone for longer.
        boolean soon = System.nanoTime() - start < TimeUnit.MINUTES.toNanos(SOON_MINUTES);
        pause = soon ? Math.min(LONGEST_PAUSE, pause * 2) : 1;
        rest(settings.retry().toMillis() * pause / 2);
      } catch (RuntimeException e) {
        LOG.error("The flash device {} is given up after a fault of the program", source.name(), e);
        fail(device, new IOException("a fault of the program", e));
        return;
      }
    }
  }

  private void rest(long millis) {
    try {
      if (ending.await(millis, TimeUnit.MILLISECONDS)) {
        LOG.debug("The flash device {} is not tried again", source.name());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Opens the device and learns what it holds, the oldest first. */
  private void recover() throws IOException {
    FlashDevice opened = source.opener().open();
    boolean done = false;
    try {
      learn(opened);
      done = true;
    } finally {
      if (!done) {
        device = null;
        opened.close();
      }
    }
  }

  private void learn(FlashDevice opened) throws IOException {
    long fits = (opened.size() - SegmentFormat.DEVICE_HEADER) / settings.segmentBytes();
    int count = (int) Math.min(mostSegments, fits);
    if (count < LEAST_SEGMENTS) {
      throw new IOException("it is too small");
    }
    segments = count;
    next = 0;
    sequence = 1;
    written = 0;
    summary = new RingSummary(count, settings.segmentBytes());
    if (contents.areOurs(opened, count)) {
      state = FlashStatus.State.WARMING;
      device = opened;
      learnSegments(opened, count);
    } else {
      opened.write(SegmentFormat.deviceHeader(pool, settings.segmentBytes(), count), 0);
    }
    synchronized (this) {
      device = opened;
      reason = "";
      state = FlashStatus.State.ACTIVE;
    }
    LOG.info("The flash device {} holds {} of {} segments", source.name(), written, count);
  }

  private void learnSegments(FlashDevice opened, int count) throws IOException {
    ByteBuffer table = ByteBuffer.allocateDirect(tableBytes);
    long known = 0;
    for (int local : contents.oldestFirst(opened, count, table, () -> closed)) {
      SegmentFormat.Summary found = contents.summary(opened, local, table);
      if (found != null && !closed) {
        for (int i = 0; i < found.count(); i++) {
          enter(table, local, i);
        }
        known++;
        written = known;
        sequence = found.sequence() + 1;
        next = (local + 1) % count;
      }
    }
  }

  private void enter(ByteBuffer table, int local, int i) {
    int offset = SegmentFormat.entryOffset(table, i);
    int length = SegmentFormat.entryLength(table, i);
    if (offset >= tableBytes
        && length > SegmentFormat.PREFIX
        && length <= FlashIndex.MOST_LENGTH
        && offset % FlashIndex.UNIT == 0
        && offset <= settings.segmentBytes() - length) {
      long address = SegmentFormat.entryAddress(table, i);
      index.put(address, firstSegment + local, offset, length);
      summary.add(address, local);
    }
  }

  /** Prepares and writes segments until the device fails or is closed. */
  private void write() throws IOException {
    while (!closed && state == FlashStatus.State.ACTIVE) {
      Filling full;
      boolean prepare;
      synchronized (this) {
        full = sealed.poll();
        prepare = prepared < 0;
        if (full == null && !prepare) {
          try {
            wait(TimeUnit.SECONDS.toMillis(IDLE_SECONDS));
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return;
          }
          continue;
        }
      }
      FlashDevice to = device;
      if (to == null) {
        throw new IOException(reason);
      }
      if (full != null) {
        write(to, full);
      }
      if (prepare) {
        reclaim(to);
      }
    }
    if (!closed) {
      throw new IOException(reason);
    }
  }

  private void write(FlashDevice to, Filling full) throws IOException {
    SegmentFormat.sealHeader(full.bytes, pool, full.local, sequence++, full.count);
    to.write(full.bytes.duplicate().clear(), contents.position(full.local));
    counters.bytesWritten.add(settings.segmentBytes());
    written = Math.min(segments, written + 1);
    release(full);
  }

  private synchronized void release(Filling filling) {
    if (inMemory.remove(filling.local, filling)) {
      free.add(filling.bytes);
    }
    notifyAll();
  }

  /** Gives up what the next segment holds, but keeps what was read. */
  private void reclaim(FlashDevice from) throws IOException {
    int local = next;
    next = (next + 1) % segments;
    synchronized (this) {
      if (inMemory.containsKey(local)) {
        throw new IOException("it has too few segments");
      }
    }
    summary.begin(local);
    ByteBuffer table = ByteBuffer.allocate(tableBytes);
    SegmentFormat.Summary old = contents.summary(from, local, table);
    int count = old == null ? 0 : old.count();
    List<Hot> hot = readHot(from, local, table, count);
    Set<Long> kept = keep(local, hot);
    for (int i = 0; i < count; i++) {
      long address = SegmentFormat.entryAddress(table, i);
      // What was kept may be at the same place of the same segment again.
      if (!kept.contains(address)) {
        index.take(address, firstSegment + local, SegmentFormat.entryOffset(table, i));
      }
    }
  }

  /** Writes slots once more; offers wait meanwhile, so that these find room. */
  private synchronized Set<Long> keep(int local, List<Hot> hot) {
    prepared = local;
    Set<Long> kept = new HashSet<>();
    for (Hot slot : hot) {
      int length =
          SegmentFormat.slotLength(
              ByteBuffer.wrap(slot.bytes()), 0, slot.bytes().length, slot.address());
      if (length > 0 && offer(slot.address(), slot.bytes(), SegmentFormat.PREFIX, length, 0)) {
        counters.kept.increment();
        kept.add(slot.address());
      }
    }
    notifyAll();
    return kept;
  }

  /** A slot that is written once more. */
  @SuppressWarnings("ArrayRecordComponent") // a value carrier within this class; never compared
  private record Hot(long address, byte[] bytes) {}

  private List<Hot> readHot(FlashDevice from, int local, ByteBuffer table, int count)
      throws IOException {
    int budget = settings.segmentBytes() / 8 * 7 - tableBytes;
    List<Hot> hot = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long address = SegmentFormat.entryAddress(table, i);
      int offset = SegmentFormat.entryOffset(table, i);
      long entry = index.find(address);
      int length = Math.min(FlashIndex.length(entry), settings.segmentBytes() - offset);
      if (entry != FlashIndex.NONE
          && FlashIndex.segment(entry) == firstSegment + local
          && FlashIndex.offset(entry) == offset
          && FlashIndex.reads(entry) > 0
          && budget > length) {
        budget -= length;
        byte[] bytes = new byte[length];
        from.read(ByteBuffer.wrap(bytes), contents.position(local) + offset);
        counters.bytesRead.add(length);
        hot.add(new Hot(address, bytes));
      }
    }
    return hot;
  }

  /** The device is not used any more until it is opened anew. */
  private void fail(@Nullable FlashDevice failed, IOException error) {
    synchronized (this) {
      if (failed != null && !failed.equals(device)) {
        // Known already.
        return;
      }
      if (state != FlashStatus.State.FAILED) {
        LOG.warn("The flash device {} is not used any more: {}", source.name(), reasonOf(error));
      }
      state = FlashStatus.State.FAILED;
      reason = reasonOf(error);
      device = null;
      summary = RingSummary.nothing();
      prepared = -1;
      sealed.clear();
      current = null;
      inMemory.values().forEach(filling -> free.add(filling.bytes));
      inMemory.clear();
      notifyAll();
    }
    if (failed != null) {
      try {
        failed.close();
      } catch (IOException e) {
        LOG.debug("A flash device that failed does not close", e);
      }
    }
  }

  private static String reasonOf(IOException error) {
    String message = error.getMessage();
    return message == null || message.isBlank() ? error.getClass().getSimpleName() : message;
  }

  /** Writes what is in memory, so that the next start finds it. */
  @Override
  public void close() {
    synchronized (this) {
      Filling filling = current;
      if (filling != null && filling.count > 0) {
        seal(filling);
      }
      closed = true;
      ending.countDown();
      notifyAll();
    }
    boolean ended = false;
    try {
      ended = writer.join(java.time.Duration.ofSeconds(10));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    FlashDevice last = device;
    if (last == null || !ended) {
      return;
    }
    try {
      Filling full;
      do {
        synchronized (this) {
          full = sealed.poll();
        }
        if (full != null) {
          write(last, full);
        }
      } while (full != null);
      last.close();
    } catch (IOException e) {
      LOG.info("The flash device {} does not close: {}", source.name(), reasonOf(e));
    }
  }
}
