package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads and writes the copies of records on single drives. */
final class RecordCopies {
  /** Stands for a copy that is there and damaged: older than any other. */
  static final RecordFile DAMAGED = RecordFile.damaged();

  private RecordCopies() {}

  /** Every copy on a drive; half-written ones are removed. On a thread of the drive. */
  static Map<String, RecordFile> readAll(DriveFolder folder) throws IOException {
    List<String> names = new ArrayList<>();
    folder.list(Layout.RECORDS, names::add);
    Map<String, RecordFile> copies = new HashMap<>();
    for (String name : names) {
      if (RecordFile.isRecord(name)) {
        String key = RecordFile.keyOf(name);
        RecordFile file = RecordFile.read(folder, key);
        copies.put(key, file != null ? file : DAMAGED);
      } else if (name.endsWith(Layout.TEMPORARY)) {
        folder.delete(Layout.RECORDS + "/" + name);
      }
    }
    return copies;
  }

  /** Writes a copy and gives it its name; the directory is not forced. On a thread of the drive. */
  static @Nullable Void store(DriveFolder folder, RecordFile file) throws IOException {
    file.writeTemporary(folder);
    file.publish(folder);
    return null;
  }

  /** The copy of one drive; null when it cannot be read, is damaged or not there. */
  static @Nullable RecordFile read(String key, Drive drive) {
    RecordFile file = readFrom(key, List.of(drive)).get(drive);
    return file == null || file.isDamaged() ? null : file;
  }

  /** The copies of several drives; those that are not there or cannot be read are left out. */
  static Map<Drive, RecordFile> readFrom(String key, Collection<Drive> drives) {
    Map<Drive, RecordFile> copies = new LinkedHashMap<>();
    for (DriveGroup.Outcome<RecordFile> outcome :
        DriveGroup.<RecordFile>run(
            drives, DriveIo.Lane.READ, (drive, _) -> RecordFile.read(drive.folder(), key))) {
      RecordFile file = outcome.value();
      if (file != null) {
        copies.put(outcome.drive(), file);
      } else if (!(outcome.failure() instanceof NoSuchFileException)) {
        copies.put(outcome.drive(), DAMAGED);
      }
    }
    return copies;
  }

  /** The copy that takes precedence, null when there is no good one. */
  static @Nullable RecordFile best(Map<Drive, RecordFile> copies) {
    RecordFile best = DAMAGED;
    for (RecordFile copy : copies.values()) {
      if (copy.newerThan(best)) {
        best = copy;
      }
    }
    return best.isDamaged() ? null : best;
  }

  /** Removes temporary files of a write that was called off; what stays is removed at opening. */
  static void discard(String key, Collection<Drive> drives) {
    DriveGroup.run(
        drives,
        DriveIo.Lane.WRITE,
        (drive, _) -> {
          drive.folder().delete(RecordFile.path(key) + Layout.TEMPORARY);
          return null;
        });
  }
}
