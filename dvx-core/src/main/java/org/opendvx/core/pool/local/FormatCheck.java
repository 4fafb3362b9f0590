package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Looks for what a newer program has written, before an opening changes anything: every record of
 * the register, and of every journal file its header and first batch (a file is filled by one
 * opening, and so by one program). Reads only.
 *
 * <p>It stands on what no version may change: magic, version and checksum keep their places.
 */
final class FormatCheck {
  private static final int LIMITS = 20;

  /** What is read of a journal file: its header, and its first batch's with the batch's head. */
  private static final int LOOKED_AT =
      BatchFrame.FIRST_OFFSET + BatchFrame.HEADER + LocalPool.BATCH_HEAD;

  private FormatCheck() {}

  /** What a drive told. */
  private record Findings(List<byte[]> batchHeads, @Nullable DvxException refusal) {}

  /**
   * Looks through drives.
   *
   * @return the first bytes of batches, for whoever knows what is in them
   * @throws DvxException UNSUPPORTED when anything is of a newer format
   */
  static List<byte[]> refuseNewer(Collection<Drive> drives, UUID pool) {
    List<byte[]> heads = new ArrayList<>();
    DvxException refusal = null;
    for (DriveGroup.Outcome<Findings> outcome :
        DriveGroup.<Findings>run(
            drives, DriveIo.Lane.READ, LIMITS, (drive, _) -> look(drive.folder(), pool))) {
      Findings found = outcome.value();
      if (found != null) {
        heads.addAll(found.batchHeads());
        refusal = refusal == null ? found.refusal() : refusal;
      }
      // A drive that cannot be read is for the opening to deal with.
    }
    if (refusal != null) {
      throw refusal;
    }
    return heads;
  }

  /**
   * The error for something that a newer program wrote.
   *
   * @param what names it, with an article
   * @param where a file or a drive
   */
  static DvxException newer(String what, int format, String where) {
    return DvxException.of(Kind.UNSUPPORTED, what + " has a newer format than this program")
        .cause(
            "Format " + format + " was found, " + DriveLabel.FORMAT + " is the newest known here")
        .remedy("Use the program version that wrote it, or a later one; nothing was changed")
        .detail("where", where)
        .build();
  }

  private static Findings look(DriveFolder folder, UUID pool) throws IOException {
    List<byte[]> heads = new ArrayList<>();
    try {
      List<String> names = new ArrayList<>();
      list(folder, Layout.RECORDS, names);
      for (String name : names) {
        if (RecordFile.isRecord(name)) {
          String key = RecordFile.keyOf(name);
          RecordFile record = RecordFile.read(folder, key);
          if (record != null && key.startsWith(JournalManifest.PREFIX)) {
            JournalManifest.checkFormat(record.value());
          }
        }
      }
      List<String> hosts = new ArrayList<>();
      list(folder, Layout.JOURNAL, hosts);
      for (String host : hosts) {
        names.clear();
        list(folder, Layout.journalFolder(host), names);
        for (String name : names) {
          if (Layout.slotOf(name) >= 0) {
            segment(folder, Layout.journalFolder(host) + "/" + name, pool, heads);
          }
        }
      }
    } catch (DvxException e) {
      return new Findings(heads, e);
    }
    return new Findings(heads, null);
  }

  private static void segment(DriveFolder folder, String path, UUID pool, List<byte[]> heads)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(LOOKED_AT);
    try (DriveFile file = folder.open(path, false)) {
      file.read(bytes, 0);
    }
    bytes.flip();
    String where = folder.root() + "/" + path;
    if (bytes.limit() < LOOKED_AT || !BatchFrame.checkSegmentHeader(bytes, pool, where)) {
      return;
    }
    BatchFrame first =
        BatchFrame.decode(
            bytes,
            BatchFrame.FIRST_OFFSET,
            BatchFrame.FIRST_OFFSET,
            pool,
            BatchFrame.segmentNumber(bytes));
    if (first != null && first.length() >= LocalPool.BATCH_HEAD) {
      byte[] head = new byte[LocalPool.BATCH_HEAD];
      bytes.get(first.dataOffset(), head);
      heads.add(head);
    }
  }

  private static void list(DriveFolder folder, String directory, List<String> names)
      throws IOException {
    try {
      folder.list(directory, names::add);
    } catch (NoSuchFileException _) {
      names.clear();
    }
  }
}
