package org.opendvx.core.journal;

import java.nio.ByteBuffer;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Numbers of docs/formats/journal-record.md. */
final class JournalFormat {
  /** "DVXR". */
  static final int MAGIC = 0x44565852;

  static final short VERSION = 1;

  static final int BATCH_HEADER = 32;
  static final int FRAME_HEADER = 16;

  /** Bytes of a batch with its header; a record larger than what is left opens the next one. */
  static final int BATCH_BYTES = 4 << 20;

  static final int MAX_RECORD = BATCH_BYTES - BATCH_HEADER - FRAME_HEADER;

  /** Kind of a frame whose writer failed half way: skipped by replay. */
  static final int VOID = 0;

  static final int MAX_KIND = 255;
  static final byte SEALED = 1;

  private JournalFormat() {}

  static void batchHeader(byte[] batch, int incarnation, int records, long firstLsn) {
    ByteBuffer.wrap(batch, 0, BATCH_HEADER)
        .putInt(MAGIC)
        .putShort(VERSION)
        .putShort((short) 0)
        .putInt(incarnation)
        .putInt(records)
        .putLong(firstLsn)
        .putLong(0);
  }

  static void frameHeader(
      byte[] batch,
      int offset,
      int length,
      int secretLength,
      int kind,
      byte flags,
      int keyId,
      long lsn) {
    ByteBuffer.wrap(batch, offset, FRAME_HEADER)
        .putInt(length)
        .putInt(secretLength)
        .put((byte) kind)
        .put(flags)
        .putShort((short) keyId)
        .putInt((int) lsn);
  }

  /**
   * Looks at the head of a batch.
   *
   * @throws DvxException UNSUPPORTED when a newer program wrote it
   */
  static void checkVersion(ByteBuffer batch) {
    short version = batch.getShort(4);
    if (batch.getInt(0) == MAGIC && version != VERSION) {
      throw DvxException.of(Kind.UNSUPPORTED, "The journal has a newer format than this program")
          .cause("Its batches are of version " + version + ", " + VERSION + " is known here")
          .remedy("Use the program version that wrote it, or a later one; nothing was changed")
          .build();
    }
  }

  static DvxException corrupt(String cause, long lsn) {
    return DvxException.of(Kind.CORRUPT, "The journal cannot be replayed")
        .cause(cause)
        .remedy("Keep the drives as they are and look for a drive that fails")
        .detail("record", lsn)
        .build();
  }
}
