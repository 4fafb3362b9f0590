package org.opendvx.core.datastore;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.opendvx.core.tree.Blob;
import org.opendvx.core.tree.RootRef;

/**
 * What a host's state was at a checkpoint: docs/formats/root-record.md.
 *
 * @param checkpoint number of the checkpoint, the birth of what it wrote
 * @param lsn the last journal record whose changes are in it
 * @param replayFrom the first journal record that recovery needs
 * @param inodes the inode table
 * @param snapshots the catalogue by id
 * @param snapshotNames the catalogue by name
 * @param outcomes of recent requests
 * @param totals see {@link Totals}
 */
record RootRecord(
    long checkpoint,
    long lsn,
    long replayFrom,
    RootRef inodes,
    RootRef snapshots,
    RootRef snapshotNames,
    Blob outcomes,
    Totals totals) {
  private static final int MAGIC = 0x44565848;
  private static final short VERSION = 1;
  private static final int LENGTH = 4 + 2 + 2 + 3 * 8 + 3 * RootRef.ENCODED + 12 + 3 * 8 + 4;

  /** Bytes since the pool was made; see {@link Datastore.SpaceReport}. */
  record Totals(long logical, long unique, long stored) {
    static final Totals ZERO = new Totals(0, 0, 0);
  }

  /** A pool that holds nothing yet. */
  static final RootRecord NONE =
      new RootRecord(0, 0, 1, RootRef.EMPTY, RootRef.EMPTY, RootRef.EMPTY, Blob.EMPTY, Totals.ZERO);

  byte[] encode() {
    ByteBuffer out = ByteBuffer.allocate(LENGTH);
    out.putInt(MAGIC).putShort(VERSION).putShort((short) 0);
    out.putLong(checkpoint).putLong(lsn).putLong(replayFrom);
    inodes.encode(out);
    snapshots.encode(out);
    snapshotNames.encode(out);
    out.putLong(outcomes.address()).putInt(outcomes.length());
    out.putLong(totals.logical()).putLong(totals.unique()).putLong(totals.stored());
    out.putInt(checksum(out.array(), out.position()));
    return out.array();
  }

  static RootRecord decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      if (in.getInt() != MAGIC) {
        throw Bytes.corrupt("The root record", "it does not start like one");
      }
      short version = in.getShort();
      if (version != VERSION) {
        throw Bytes.newer("The root record", version);
      }
      in.getShort();
      RootRecord record =
          new RootRecord(
              in.getLong(),
              in.getLong(),
              in.getLong(),
              RootRef.decode(in),
              RootRef.decode(in),
              RootRef.decode(in),
              new Blob(in.getLong(), in.getInt()),
              new Totals(in.getLong(), in.getLong(), in.getLong()));
      int end = in.position();
      if (in.getInt() != checksum(bytes, end)) {
        throw Bytes.corrupt("The root record", "its checksum is wrong");
      }
      return record;
    } catch (BufferUnderflowException _) {
      throw Bytes.corrupt("The root record", "it ends early");
    }
  }

  private static int checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
