package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings all copies of a sealed segment to the same batches, and makes copies that are missing. */
final class SegmentHealer {
  private static final Logger LOG = LoggerFactory.getLogger(SegmentHealer.class);

  /** Batches whose first blocks are kept in memory until the rest is durable. */
  private static final int AT_ONCE = 512;

  private final UUID pool;
  private final String host;
  private final int segmentBytes;
  private final MembershipKeeper keeper;
  private final JournalSlots slots;
  private final BiConsumer<Drive, String> onFailure;

  /**
   * For one journal.
   *
   * @param onFailure is told of drives that fail, with the reason
   */
  SegmentHealer(
      UUID pool,
      String host,
      int segmentBytes,
      MembershipKeeper keeper,
      JournalSlots slots,
      BiConsumer<Drive, String> onFailure) {
    this.pool = pool;
    this.host = host;
    this.segmentBytes = segmentBytes;
    this.keeper = keeper;
    this.slots = slots;
    this.onFailure = onFailure;
  }

  /**
   * Makes every batch of the scan durable on three drives, or on as many as there are.
   *
   * @param end whether its last batch is the last of the journal, and is written once more to all
   *     copies: when a force fails, what it should have made durable can be read until the power
   *     goes, and nobody remembers which drive it was on
   * @return the segment's mirrors now; durable, but not yet in the manifest
   */
  List<JournalManifest.Mirror> heal(SegmentScan scan, boolean end) {
    List<JournalManifest.Mirror> good = new ArrayList<>();
    Set<Integer> tried = new HashSet<>();
    for (SegmentScan.Copy copy : scan.copies()) {
      tried.add(copy.drive().index());
      List<BatchFrame> lacking = scan.lackingOn(copy);
      if (end && copy.has(scan.frames().lastEntry().getValue())) {
        lacking.add(scan.frames().lastEntry().getValue());
      }
      if (lacking.isEmpty() || copy(scan, lacking, copy.mirror(), copy.drive())) {
        good.add(copy.mirror());
      }
    }
    PoolView view = keeper.view();
    List<Drive> others = new ArrayList<>(view.usable());
    others.removeIf(drive -> tried.contains(drive.index()));
    others.sort(Comparator.comparingInt((Drive drive) -> -slots.freeOn(drive)));
    int wanted = Math.min(Quorum.MIRRORS, view.usable().size());
    for (Drive drive : others) {
      if (good.size() >= wanted) {
        break;
      }
      JournalManifest.Mirror mirror = newMirror(view, drive);
      if (mirror != null) {
        if (copy(scan, List.copyOf(scan.frames().values()), mirror, drive)) {
          good.add(mirror);
        } else {
          slots.release(List.of(mirror), keeper.view());
        }
      }
    }
    return good;
  }

  private JournalManifest.@Nullable Mirror newMirror(PoolView view, Drive drive) {
    try {
      Integer slot = slots.take(drive);
      return slot == null
          ? null
          : new JournalManifest.Mirror(
              drive.index(), slot, view.membership().members().get(drive.index()).since());
    } catch (IOException e) {
      onFailure.accept(drive, "a journal file could not be made: " + IoErrors.brief(e));
      return null;
    }
  }

  /** Writes batches to one copy; whether they are durable there. */
  private boolean copy(
      SegmentScan scan, List<BatchFrame> frames, JournalManifest.Mirror mirror, Drive drive) {
    String path = Layout.journalSlot(host, mirror.slot());
    DriveFile file = null;
    try {
      file = drive.io().call(DriveIo.Lane.WRITE, _ -> drive.folder().open(path, false));
      if (!writeAll(scan, frames, drive, file)) {
        return false;
      }
      LOG.info(
          "Wrote {} batches of journal segment {} on {}",
          frames.size(),
          scan.segment().number(),
          drive);
      return true;
    } catch (IOException e) {
      if (IoErrors.isNoSpace(e)) {
        LOG.warn("{} has no room for a journal segment", drive);
      } else {
        onFailure.accept(drive, "a journal segment could not be copied: " + IoErrors.brief(e));
      }
      return false;
    } finally {
      close(file, drive);
    }
  }

  private boolean writeAll(SegmentScan scan, List<BatchFrame> frames, Drive drive, DriveFile file)
      throws IOException {
    ByteBuffer header = ByteBuffer.allocate(Layout.BLOCK);
    BatchFrame.encodeSegmentHeader(header, 0, pool, host, scan.segment().number(), segmentBytes);
    write(drive, file, header, 0);
    for (int from = 0; from < frames.size(); from += AT_ONCE) {
      if (!writeSome(
          scan, frames.subList(from, Math.min(frames.size(), from + AT_ONCE)), drive, file)) {
        return false;
      }
    }
    force(drive, file);
    return true;
  }

  /** Writes the headers last: one says that what follows it is there. */
  private boolean writeSome(SegmentScan scan, List<BatchFrame> frames, Drive drive, DriveFile file)
      throws IOException {
    List<ByteBuffer> heads = new ArrayList<>();
    for (BatchFrame frame : frames) {
      ByteBuffer bytes;
      try {
        bytes = scan.read(frame, pool, host);
      } catch (IOException e) {
        LOG.warn("Journal segment {} cannot be copied", scan.segment().number(), e);
        return false;
      }
      heads.add(ByteBuffer.allocate(Layout.BLOCK).put(bytes.slice(0, Layout.BLOCK)).flip());
      write(drive, file, bytes.position(Layout.BLOCK), frame.offset() + Layout.BLOCK);
    }
    force(drive, file);
    for (int i = 0; i < heads.size(); i++) {
      write(drive, file, heads.get(i), frames.get(i).offset());
    }
    return true;
  }

  private static void force(Drive drive, DriveFile file) throws IOException {
    drive
        .io()
        .call(
            DriveIo.Lane.WRITE,
            _ -> {
              drive.checkPresent();
              file.force(false);
              return null;
            });
  }

  private static void write(Drive drive, DriveFile file, ByteBuffer bytes, int offset)
      throws IOException {
    drive
        .io()
        .call(
            DriveIo.Lane.WRITE,
            ticket -> {
              ticket.check();
              file.write(bytes.duplicate(), offset);
              return null;
            });
  }

  private static void close(@Nullable DriveFile file, Drive drive) {
    if (file != null) {
      try {
        file.close();
      } catch (IOException e) {
        LOG.debug("A journal file on {} was not closed", drive, e);
      }
    }
  }
}
