package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.JournalStore;

/**
 * Reads the batches of a replay ahead of their visitor: a few pieces of some megabytes at once, by
 * turns from the drives that have a copy, checksums verified on the threads of these drives. What
 * one copy does not give intact is taken from another. Confined to one thread.
 */
final class BatchReader {
  /** Bytes that are read at once, unless one batch is larger. */
  private static final int PIECE = (4 << 20) + (64 << 10);

  /** Pieces being read or waiting for the visitor. */
  private static final int AHEAD = 4;

  private final UUID pool;
  private final String host;
  private final long fromSequence;
  private final Deque<Piece> planned = new ArrayDeque<>();
  private final Deque<Loading> loading = new ArrayDeque<>();
  private final Deque<ByteBuffer> spare = new ArrayDeque<>();
  private int turn;

  /** Batches that lie behind each other in a segment. */
  private record Piece(SegmentScan scan, List<BatchFrame> frames) {
    int offset() {
      return frames.getFirst().offset();
    }

    int bytes() {
      BatchFrame last = frames.getLast();
      return last.offset() + last.fileBytes() - offset();
    }
  }

  /** A piece and the copy that it is read from; none when no copy has all of it. */
  private record Loading(
      Piece piece,
      ByteBuffer bytes,
      SegmentScan.@Nullable Copy copy,
      DriveIo.@Nullable Pending<boolean[]> read) {}

  /** Reads segments, in order, from the batch on that holds a sequence. */
  BatchReader(UUID pool, String host, Iterable<SegmentScan> scans, long fromSequence) {
    this.pool = pool;
    this.host = host;
    this.fromSequence = fromSequence;
    scans.forEach(this::plan);
  }

  private void plan(SegmentScan scan) {
    List<BatchFrame> frames = new ArrayList<>();
    int bytes = 0;
    int end = 0;
    for (BatchFrame frame : scan.frames().values()) {
      if (frame.last() < fromSequence) {
        continue;
      }
      if (!frames.isEmpty() && (frame.offset() != end || bytes + frame.fileBytes() > PIECE)) {
        planned.add(new Piece(scan, List.copyOf(frames)));
        frames.clear();
        bytes = 0;
      }
      frames.add(frame);
      bytes += frame.fileBytes();
      end = frame.offset() + frame.fileBytes();
    }
    if (!frames.isEmpty()) {
      planned.add(new Piece(scan, List.copyOf(frames)));
    }
  }

  /**
   * Hands all batches over in order.
   *
   * @return the last sequence, or the one before the first that was asked for
   * @throws DvxException CORRUPT when a batch is intact on no copy
   */
  long deliver(JournalStore.BatchVisitor visitor) {
    long last = fromSequence - 1;
    startReading();
    while (!loading.isEmpty()) {
      Loading next = loading.remove();
      boolean[] intact = await(next);
      startReading();
      last = deliver(next, intact, visitor);
      if (intact.length > 0) {
        spare.add(next.bytes());
      }
    }
    return last;
  }

  private void startReading() {
    while (loading.size() < AHEAD && !planned.isEmpty()) {
      loading.add(start(planned.remove()));
    }
  }

  private Loading start(Piece piece) {
    List<SegmentScan.Copy> copies = piece.scan().copies();
    ByteBuffer bytes = buffer(piece.bytes());
    for (int i = 0; i < copies.size(); i++) {
      SegmentScan.Copy copy = copies.get(Math.floorMod(turn + i, copies.size()));
      if (piece.frames().stream().allMatch(copy::has)) {
        turn = Math.floorMod(turn + i + 1, copies.size());
        String path = Layout.journalSlot(host, copy.mirror().slot());
        return new Loading(
            piece,
            bytes,
            copy,
            copy.drive()
                .io()
                .start(DriveIo.Lane.READ, _ -> read(copy.drive().folder(), path, piece, bytes)));
      }
    }
    return new Loading(piece, bytes, null, null);
  }

  private ByteBuffer buffer(int bytes) {
    ByteBuffer free = spare.poll();
    return free != null && free.capacity() >= bytes
        ? free
        : Buffers.aligned(Math.max(bytes, PIECE));
  }

  /** Which batches of a piece are intact in a file. On a thread of the drive. */
  private static boolean[] read(DriveFolder folder, String path, Piece piece, ByteBuffer bytes)
      throws IOException {
    boolean[] intact = new boolean[piece.frames().size()];
    int there;
    // Past the page cache, as it was written: nobody reads it again.
    try (DriveFile file = folder.openDirect(path, false)) {
      there = file.read(bytes.clear().limit(piece.bytes()), piece.offset());
    }
    CRC32C crc = new CRC32C();
    bytes.clear();
    for (int i = 0; i < intact.length; i++) {
      BatchFrame frame = piece.frames().get(i);
      int at = frame.dataOffset() - piece.offset();
      if (at + frame.length() <= there) {
        crc.reset();
        crc.update(bytes.slice(at, frame.length()));
        intact[i] = (int) crc.getValue() == frame.crc();
      }
    }
    return intact;
  }

  /** Which batches are in the buffer; nothing when the buffer may still be written to. */
  private static boolean[] await(Loading loading) {
    SegmentScan.Copy copy = loading.copy();
    DriveIo.Pending<boolean[]> read = loading.read();
    if (copy == null || read == null) {
      return new boolean[0];
    }
    try {
      return read.await(copy.drive().io().deadline(DriveIo.Lane.READ));
    } catch (IOException _) {
      // The same batches are read one by one from whoever has them.
      return new boolean[0];
    }
  }

  private long deliver(Loading loading, boolean[] intact, JournalStore.BatchVisitor visitor) {
    Piece piece = loading.piece();
    long last = fromSequence - 1;
    for (int i = 0; i < piece.frames().size(); i++) {
      BatchFrame frame = piece.frames().get(i);
      ByteBuffer batch =
          i < intact.length && intact[i]
              ? loading.bytes().slice(frame.dataOffset() - piece.offset(), frame.length())
              : readAlone(piece.scan(), frame);
      visitor.batch(frame.first(), frame.last(), batch.asReadOnlyBuffer());
      last = frame.last();
    }
    return last;
  }

  private ByteBuffer readAlone(SegmentScan scan, BatchFrame frame) {
    try {
      return scan.read(frame, pool, host).slice(BatchFrame.HEADER, frame.length());
    } catch (IOException e) {
      throw DvxException.of(Kind.CORRUPT, "The journal cannot be read")
          .cause("A batch is damaged on all of its mirrors, or cannot be read there")
          .causedBy(e)
          .remedy("Bring missing drives back, or restore from another site; nothing was changed")
          .detail("segment", scan.segment().number())
          .detail("first sequence", frame.first())
          .build();
    }
  }
}
