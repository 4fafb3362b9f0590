package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * The containers that were deleted while a drive was away, as every drive in use has them: a file
 * that entries are appended to, those of deletions at the same time with one write. It goes when
 * all drives are back, or when what is stored is whole without those that are away.
 *
 * <p>An entry (docs/formats/drive.md) says nothing but that the container is gone. A torn one at
 * the end was never acknowledged. Thread-safe.
 */
final class Graves {
  /** Bytes of an entry. */
  static final int ENTRY = 16;

  private static final int MAGIC = 0x44564731; // DVG1
  private static final int CRC_AT = 12;
  private static final int PIECE = 64 << 10;

  private final MembershipKeeper keeper;
  private final Ballast ballast;
  private final Set<Long> gone;

  /** Those of which an earlier version made a file each. */
  private final Set<Long> files;

  private final Set<Long> pending = ConcurrentHashMap.newKeySet();

  /** Where the next entry goes; of a drive that is not here, the file is written anew. */
  private final Map<Drive, Long> ends = new ConcurrentHashMap<>();

  private final Object writing = new Object();

  /**
   * Graves of a pool.
   *
   * @param gone all that is known to be gone; what is buried is added
   * @param files those of them of which there may be a file each
   */
  Graves(MembershipKeeper keeper, Ballast ballast, Set<Long> gone, Set<Long> files) {
    this.keeper = keeper;
    this.ballast = ballast;
    this.gone = gone;
    this.files = files;
  }

  /**
   * Notes on all drives in use that a container is gone, together with others that wait. The caller
   * holds the gate.
   *
   * @param judge is told what came of it on each drive, and throws when it has to be repeated
   */
  void bury(long id, Consumer<List<DriveGroup.Outcome<Void>>> judge) {
    pending.add(id);
    try {
      synchronized (writing) {
        if (!pending.contains(id)) {
          // Written with somebody else's.
          return;
        }
        Set<Long> batch = Set.copyOf(pending);
        gone.addAll(batch);
        List<Drive> drives = keeper.view().usable();
        ends.keySet().retainAll(drives);
        List<DriveGroup.Outcome<Void>> outcomes =
            ballast.run(
                drives,
                DriveIo.Lane.WRITE,
                (drive, ticket) -> {
                  drive.checkPresent();
                  ticket.check();
                  append(drive, batch);
                  return null;
                });
        judge.accept(outcomes);
        pending.removeAll(batch);
      }
    } finally {
      pending.remove(id);
    }
  }

  private void append(Drive drive, Set<Long> batch) throws IOException {
    Long end = ends.remove(drive);
    if (end == null) {
      store(drive, gone);
      ends.put(drive, (long) gone.size() * ENTRY);
      return;
    }
    ByteBuffer bytes = encode(batch);
    long next = end + bytes.remaining();
    try (DriveFile file = drive.folder().open(Layout.GRAVES, false)) {
      file.write(bytes, end);
      file.force(true);
    }
    ends.put(drive, next);
  }

  /**
   * Takes the files away if nothing needs to be remembered.
   *
   * @param needless asked while nobody is being buried
   */
  void clear(BooleanSupplier needless) {
    synchronized (writing) {
      if (gone.isEmpty() || !needless.getAsBoolean()) {
        return;
      }
      List<Long> old = List.copyOf(files);
      ends.clear();
      gone.clear();
      files.clear();
      // What stays because a drive fails now, or comes back by a crash, is true for ever.
      DriveGroup.run(
          keeper.view().usable(),
          DriveIo.Lane.WRITE,
          (drive, _) -> {
            drive.folder().delete(Layout.GRAVES);
            for (long id : old) {
              drive.folder().delete(Layout.tombstone(id));
            }
            return null;
          });
    }
  }

  /** Writes all of them to a drive, durably. On a thread of the drive. */
  static void store(Drive drive, Collection<Long> ids) throws IOException {
    String temporary = Layout.GRAVES + Layout.TEMPORARY;
    try (DriveFile file = drive.folder().open(temporary, true)) {
      file.write(encode(ids), 0);
      file.force(true);
    }
    drive.folder().rename(temporary, Layout.GRAVES);
    drive.folder().forceDirectory(Layout.HERE);
  }

  /** What a drive has. On a thread of the drive. */
  static List<Long> read(DriveFolder folder) throws IOException {
    List<Long> ids = new ArrayList<>();
    try (DriveFile file = folder.open(Layout.GRAVES, false)) {
      ByteBuffer bytes = ByteBuffer.allocate(PIECE);
      for (long at = 0; file.read(bytes.clear(), at) > 0; at += PIECE) {
        bytes.flip();
        while (bytes.remaining() >= ENTRY) {
          int start = bytes.position();
          int magic = bytes.getInt();
          long id = bytes.getLong();
          int crc = bytes.getInt();
          // A damaged one is on the other drives too.
          if (magic == MAGIC && id > 0 && crc == checksum(bytes, start)) {
            ids.add(id);
          }
        }
      }
    } catch (NoSuchFileException _) {
      return ids;
    }
    return ids;
  }

  static ByteBuffer encode(Collection<Long> ids) {
    List<Long> all = List.copyOf(ids);
    ByteBuffer bytes = ByteBuffer.allocate(all.size() * ENTRY);
    for (long id : all) {
      int start = bytes.position();
      bytes.putInt(MAGIC).putLong(id);
      bytes.putInt(checksum(bytes, start));
    }
    return bytes.flip();
  }

  private static int checksum(ByteBuffer bytes, int start) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate().limit(start + CRC_AT).position(start));
    return (int) crc.getValue();
  }
}
