package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Lock;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;

/**
 * A host's journal on the drives. The current segment is appended to on all of its mirrors at once;
 * when one of them fails, the segment is sealed where it stands and the batch goes to a new segment
 * on drives that are sound. Sealed segments never change; those that have lost a mirror are copied
 * in the background.
 */
final class LocalJournal {
  /** Segments beyond the journal's size, for fail-over and for the one after a restart. */
  private static final int SPARE_SEGMENTS = 2;

  /** Bytes of files on each drive that are made before the journal is used; at least two files. */
  private static final long MADE_AT_ONCE = 32L << 20;

  private final UUID pool;
  private final String host;
  private final MembershipKeeper keeper;
  private final LocalRecordStore records;
  private final Fences fences;
  private final Ballast ballast;
  private final int segmentBytes;
  private final int mostSegments;
  private final JournalSlots slots;
  private final JournalFiller filler;
  private final CopyCheck check;

  /** Held while copies are made. Taken before {@link #appending}. */
  private final Object healing = new Object();

  /** Held while appending, replaying or sealing. Taken before {@link #live}. */
  private final Object appending = new Object();

  /** Live segments in order; also the monitor for them and for the manifest. */
  private final List<Segment> live = new CopyOnWriteArrayList<>();

  private long nextNumber;

  /** Takes batches; written under both monitors. */
  private volatile @Nullable Segment current;

  /** Holds the batch; replaced after a drive was too slow to say that it is done with it. */
  private JournalBuffer buffer = new JournalBuffer();

  private long lastSequence;
  private boolean replayed;

  /**
   * A journal as its manifest describes it.
   *
   * @param checkAfter when, after a replay, what it did not read of the copies is read
   */
  LocalJournal(
      UUID pool,
      String host,
      MembershipKeeper keeper,
      LocalRecordStore records,
      Fences fences,
      Ballast ballast,
      JournalManifest manifest,
      int mostSegments,
      Duration checkAfter) {
    this.pool = pool;
    this.host = host;
    this.keeper = keeper;
    this.records = records;
    this.fences = fences;
    this.ballast = ballast;
    this.segmentBytes = manifest.segmentBytes();
    this.mostSegments = mostSegments;
    this.slots = new JournalSlots(host, segmentBytes);
    this.filler = new JournalFiller(slots, keeper, mostSegments);
    this.check = new CopyCheck(this::checkCopies, checkAfter);
    this.nextNumber = manifest.nextNumber();
    for (JournalManifest.Entry entry : manifest.segments()) {
      live.add(new Segment(entry));
    }
  }

  /** Preallocated files that each drive should have. */
  static int slotsPerDrive(int mostSegments, int drives) {
    int copies = Math.min(Quorum.MIRRORS, drives) * (mostSegments + SPARE_SEGMENTS);
    return (copies + drives - 1) / Math.max(1, drives) + 1;
  }

  /**
   * Makes the preallocated files that are missing: so many as are needed soon. {@link #fill} makes
   * the rest; what is needed before then is made when it is needed.
   */
  void prepareSlots() {
    PoolView view = keeper.view();
    Map<Integer, Set<Integer>> used = new HashMap<>();
    synchronized (live) {
      for (Segment segment : live) {
        for (JournalManifest.Mirror mirror : segment.mirrors()) {
          if (mirror.on(view) != null) {
            used.computeIfAbsent(mirror.drive(), _ -> new HashSet<>()).add(mirror.slot());
          }
        }
      }
    }
    int atOnce = (int) Math.max(2, MADE_AT_ONCE / segmentBytes);
    slots.prepare(
        view.usable(), used, Math.min(atOnce, slotsPerDrive(mostSegments, view.usable().size())));
  }

  /** Makes the rest of the preallocated files, on a thread of its own. */
  void fill() {
    filler.start();
  }

  /** See {@link JournalStore#append}. */
  void append(Epoch epoch, long firstSequence, long lastSequenceOfBatch, ByteBuffer batch) {
    int length = batch.remaining();
    int most =
        Math.min(JournalStore.MAX_BATCH, segmentBytes - BatchFrame.FIRST_OFFSET - Layout.BLOCK);
    if (length < 1 || length > most) {
      throw DvxException.of(Kind.INVALID, "A batch has 1 to " + most + " bytes")
          .detail("bytes", length)
          .build();
    }
    Lock fence = fences.enter(epoch);
    try {
      synchronized (appending) {
        requireReplayed();
        keeper.requireServing();
        if (firstSequence <= lastSequence || lastSequenceOfBatch < firstSequence) {
          throw DvxException.of(Kind.INVALID, "Batches are appended in the order of sequences")
              .detail("first", firstSequence)
              .detail("last", lastSequenceOfBatch)
              .detail("last appended", lastSequence)
              .build();
        }
        buffer.fill(batch);
        append(epoch.number(), firstSequence, lastSequenceOfBatch);
        lastSequence = lastSequenceOfBatch;
      }
    } finally {
      fence.unlock();
    }
  }

  private void append(long epoch, long first, long last) {
    int frameBytes = BatchFrame.fileBytes(buffer.length());
    // Each further round has one drive less.
    for (int round = 0; round <= keeper.view().membership().size(); round++) {
      Segment segment = current;
      if (segment == null
          || segment.end() + frameBytes > segmentBytes
          || !onSoundDrives(segment, keeper.requireServing())) {
        segment = openSegment();
      }
      if (write(segment, epoch, first, last)) {
        segment.advance(frameBytes);
        segment.setLastSequence(last);
        return;
      }
      seal();
      keeper.requireServing();
    }
    throw DvxException.of(Kind.UNAVAILABLE, "Drives fail faster than a batch can be appended")
        .remedy("Look after the drives")
        .detail("not usable", keeper.view().reasons())
        .build();
  }

  private boolean write(Segment segment, long epoch, long first, long last) {
    PoolView view = keeper.view();
    ByteBuffer bytes =
        buffer.frame(pool, host, segment, segmentBytes, lastSequence, first, last, epoch);
    int offset = segment.end() == BatchFrame.FIRST_OFFSET ? 0 : segment.end();
    List<Drive> drives = new ArrayList<>(Quorum.MIRRORS);
    Map<Drive, String> paths = new HashMap<>();
    for (JournalManifest.Mirror mirror : segment.mirrors()) {
      Drive drive = mirror.on(view);
      if (drive == null) {
        return false;
      }
      drives.add(drive);
      paths.put(drive, Layout.journalSlot(host, mirror.slot()));
    }
    boolean ok = true;
    for (DriveGroup.Outcome<Void> outcome :
        ballast.<Void>run(
            drives,
            DriveIo.Lane.JOURNAL,
            (drive, ticket) -> {
              drive.checkPresent();
              DriveFile file = segment.file(drive, paths.getOrDefault(drive, ""));
              ticket.check();
              file.write(bytes.duplicate(), offset);
              file.force(false);
              return null;
            })) {
      IOException failure = outcome.failure();
      if (failure == null) {
        continue;
      }
      ok = false;
      if (failure instanceof DriveTimeoutException) {
        buffer = buffer.copy();
      }
      if (outcome.broken()) {
        keeper.shutOut(outcome.drive(), "the journal: " + IoErrors.brief(failure));
      }
    }
    return ok;
  }

  private static boolean onSoundDrives(Segment segment, PoolView view) {
    for (JournalManifest.Mirror mirror : segment.mirrors()) {
      if (mirror.on(view) == null) {
        return false;
      }
    }
    return segment.mirrors().size() >= Math.min(Quorum.MIRRORS, view.usable().size());
  }

  private Segment openSegment() {
    seal();
    PoolView view = keeper.requireServing();
    if (!view.usable().stream().allMatch(slots::knows)) {
      prepareSlots();
    }
    Segment segment;
    synchronized (live) {
      if (live.size() >= mostSegments + SPARE_SEGMENTS) {
        throw full();
      }
      long number = nextNumber++;
      List<JournalManifest.Mirror> mirrors = chooseMirrors(view, number);
      segment = new Segment(new JournalManifest.Entry(number, mirrors));
      segment.begin(lastSequence);
      live.add(segment);
      boolean written = false;
      try {
        writeManifest(live);
        written = true;
      } finally {
        if (!written) {
          live.remove(segment);
          slots.release(mirrors, keeper.view());
        }
      }
      current = segment;
    }
    return segment;
  }

  private List<JournalManifest.Mirror> chooseMirrors(PoolView view, long number) {
    int drives = view.membership().places();
    List<Drive> order = new ArrayList<>(view.usable());
    order.sort(
        Comparator.comparingInt((Drive drive) -> -slots.freeOn(drive))
            .thenComparingInt(
                drive -> Math.floorMod(drive.index() - (int) (number * Quorum.MIRRORS), drives)));
    int wanted = Math.min(Quorum.MIRRORS, view.usable().size());
    List<JournalManifest.Mirror> mirrors = new ArrayList<>(wanted);
    for (Drive drive : order) {
      if (mirrors.size() == wanted) {
        break;
      }
      Integer slot = take(drive);
      if (slot != null) {
        mirrors.add(
            new JournalManifest.Mirror(
                drive.index(), slot, view.membership().members().get(drive.index()).since()));
      }
    }
    if (mirrors.size() < wanted) {
      slots.release(mirrors, view);
      keeper.requireServing();
      throw full();
    }
    return mirrors;
  }

  private @Nullable Integer take(Drive drive) {
    try {
      return slots.take(drive);
    } catch (IOException e) {
      keeper.shutOut(drive, "a journal file could not be made: " + IoErrors.brief(e));
      return null;
    }
  }

  /** The current segment takes no more batches. The caller holds {@link #appending}. */
  private void seal() {
    synchronized (live) {
      Segment sealed = current;
      if (sealed != null) {
        sealed.closeFiles();
        current = null;
      }
    }
  }

  /** Writes which segments are live. The caller holds the monitor of {@link #live}. */
  private void writeManifest(List<Segment> segments) {
    records.putInternal(JournalManifest.key(host), manifest(segments));
  }

  private byte[] manifest(List<Segment> segments) {
    List<JournalManifest.Entry> entries = segments.stream().map(Segment::entry).toList();
    return new JournalManifest(segmentBytes, nextNumber, entries).encode();
  }

  /** See {@link JournalStore#replay}. */
  long replay(long fromSequence, JournalStore.BatchVisitor visitor) {
    synchronized (healing) {
      synchronized (appending) {
        if (replayed) {
          throw new IllegalStateException("a journal is replayed once");
        }
        prepareSlots();
        List<Segment> segments;
        synchronized (live) {
          segments = List.copyOf(live);
        }
        PoolView view = keeper.requireServing();
        Deque<SegmentScan> scans =
            new JournalReplay(pool, host, segmentBytes, view).find(segments, fromSequence);
        for (SegmentScan scan : scans) {
          heal(scan, scan.equals(scans.getLast()), keeper::shutOut, records::putInternal);
        }
        long last = new BatchReader(pool, host, scans, fromSequence).deliver(visitor);
        lastSequence = scans.isEmpty() ? last : scans.getLast().segment().lastSequence();
        replayed = true;
        if (scans.size() > 1) {
          check.start();
        }
        return last;
      }
    }
  }

  /**
   * While the pool is being opened, and before a membership is in force: gives segments that have
   * lost copies with drives that are missing new ones on drives that are there. Once the missing
   * drives are shut out, their copies are not believed any more, whatever happens next.
   */
  void strengthen() {
    synchronized (healing) {
      List<Segment> thin;
      synchronized (live) {
        thin = live.stream().filter(this::isThin).toList();
      }
      if (thin.isEmpty()) {
        return;
      }
      prepareSlots();
      for (Segment segment : thin) {
        SegmentScan scan = SegmentScan.of(segment, pool, host, segmentBytes, keeper.view());
        if (scan.readable()) {
          heal(scan, false, keeper::setAside, records::putWhileOpening);
        }
      }
    }
  }

  private void heal(
      SegmentScan scan,
      boolean end,
      BiConsumer<Drive, String> onFailure,
      BiConsumer<String, byte[]> manifestWriter) {
    List<JournalManifest.Mirror> healed =
        new SegmentHealer(pool, host, segmentBytes, keeper, slots, onFailure).heal(scan, end);
    Segment segment = scan.segment();
    synchronized (live) {
      if (healed.isEmpty() || Set.copyOf(healed).equals(Set.copyOf(segment.mirrors()))) {
        return;
      }
      List<JournalManifest.Mirror> before = segment.mirrors();
      segment.setMirrors(healed);
      boolean written = false;
      try {
        manifestWriter.accept(JournalManifest.key(host), manifest(live));
        written = true;
      } finally {
        if (!written) {
          segment.setMirrors(before);
        }
      }
    }
  }

  /**
   * Looks after the segments once the drives in use have changed: files on new drives, and new
   * copies of sealed segments that have lost some. On a background thread.
   */
  void lookAfter() {
    if (keeper.view().failed()) {
      return;
    }
    synchronized (healing) {
      prepareSlots();
      copyThinSegments();
    }
    fill();
  }

  private void copyThinSegments() {
    synchronized (appending) {
      if (current != null && !onSoundDrives(current, keeper.view())) {
        seal();
      }
    }
    for (Segment segment : segments(this::isThin)) {
      mend(segment, SegmentScan::of);
    }
  }

  /** Reads all copies of the segments that the replay read one of, and mends what has rotted. */
  private void checkCopies() {
    for (Segment segment : segments(candidate -> !candidate.checked())) {
      if (keeper.view().failed() || Thread.currentThread().isInterrupted()) {
        return;
      }
      synchronized (healing) {
        mend(segment, SegmentScan::ofInBackground);
      }
    }
  }

  private List<Segment> segments(Predicate<Segment> which) {
    synchronized (live) {
      return live.stream().filter(which).toList();
    }
  }

  /** Brings all copies of a sealed segment to the same; the caller holds {@link #healing}. */
  private void mend(Segment segment, SegmentScan.Reader reader) {
    synchronized (live) {
      if (segment == current || !live.contains(segment)) {
        return;
      }
      // Trimming would give its files to another segment while they are being written.
      segment.pin(true);
    }
    try {
      SegmentScan scan =
          reader
              .read(segment, pool, host, segmentBytes, keeper.view())
              .upTo(segment.lastSequence());
      if (scan.readable() && scan.gap() == null) {
        heal(scan, false, keeper::shutOut, records::putInternal);
        synchronized (live) {
          segment.checked(true);
        }
      }
    } finally {
      synchronized (live) {
        segment.pin(false);
      }
    }
  }

  private boolean isThin(Segment segment) {
    PoolView view = keeper.view();
    return segment.copies(view) < Math.min(Quorum.MIRRORS, view.usable().size());
  }

  /**
   * Whether a drive that comes back while it is still believed has what it had: the end of the
   * newest segment that it has a copy of.
   */
  boolean agrees(Drive returned, PoolView view) {
    long since = view.membership().members().get(returned.index()).since();
    List<Segment> newestFirst;
    synchronized (live) {
      newestFirst = List.copyOf(live).reversed();
    }
    for (Segment segment : newestFirst) {
      for (JournalManifest.Mirror mirror : segment.mirrors()) {
        if (mirror.drive() == returned.index() && mirror.since() == since) {
          return segment.lastSequence() == Long.MAX_VALUE
              || SegmentScan.endsAt(returned, mirror, segment, pool, host, segmentBytes);
        }
      }
    }
    return true;
  }

  /** See {@link JournalStore#trim}. */
  void trim(Epoch epoch, long sequence) {
    Lock fence = fences.enter(epoch);
    try {
      requireReplayed();
      keeper.requireServing();
      synchronized (live) {
        List<Segment> gone =
            live.stream()
                .filter(segment -> segment != current && !segment.pinned())
                .filter(segment -> segment.lastSequence() < sequence)
                .toList();
        if (!gone.isEmpty()) {
          // First: a segment that is listed must have a copy for the pool to be opened.
          writeManifest(live.stream().filter(segment -> !gone.contains(segment)).toList());
          live.removeAll(gone);
        }
        for (Segment segment : gone) {
          slots.release(segment.mirrors(), keeper.view());
        }
      }
    } finally {
      fence.unlock();
    }
  }

  /** Whether a membership leaves a copy of each live segment in use. Takes no lock. */
  boolean kept(Membership next) {
    return live.stream()
        .allMatch(segment -> segment.mirrors().stream().anyMatch(mirror -> mirror.in(next)));
  }

  /** Fewest copies of any live segment on the drives in use; as many as there can be if none. */
  int leastCopies() {
    PoolView view = keeper.view();
    synchronized (live) {
      int least = Math.min(Quorum.MIRRORS, view.usable().size());
      for (Segment segment : live) {
        least = Math.min(least, segment.copies(view));
      }
      return least;
    }
  }

  /** Counts the room that the journal takes on a drive which is about to be taken up. */
  void count(Drive drive) throws IOException {
    slots.count(drive);
  }

  int segmentBytes() {
    return segmentBytes;
  }

  long capacityBytes() {
    return (long) mostSegments * segmentBytes;
  }

  long usedBytes() {
    synchronized (live) {
      return (long) live.size() * segmentBytes;
    }
  }

  /** The holder is done: the next one begins with a replay. */
  void release() {
    filler.stop();
    check.stop();
    synchronized (appending) {
      seal();
      replayed = false;
    }
  }

  private void requireReplayed() {
    if (!replayed) {
      throw new IllegalStateException("a journal is replayed before it is changed");
    }
  }

  private DvxException full() {
    return DvxException.of(Kind.NO_SPACE, "The journal is full")
        .cause("All of its segments hold batches that are still needed")
        .remedy("Wait for the next checkpoint, which makes room")
        .detail("host", host)
        .detail("bytes", capacityBytes())
        .build();
  }
}
