package org.opendvx.core.datastore;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Change.SnapshotHead;
import org.opendvx.core.tree.Blob;
import org.opendvx.core.tree.RecordTree;
import org.opendvx.core.tree.TreeIo;

/**
 * A snapshot as the catalogue stores it: docs/formats/snapshot.md.
 *
 * @param inline the head's bytes when they fit in a record, else empty
 * @param headBlob where the head is otherwise
 */
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
record SnapshotRecord(byte[] inline, Blob headBlob, Blob document, Blob contents) {
  private static final byte VERSION = 1;
  private static final int BLOB = 12;
  private static final int FIXED = 1 + 3 * BLOB + 2;
  private static final int MAX_INLINE = RecordTree.MAX_RECORD / 4;

  SnapshotHead head(TreeIo io) {
    byte[] bytes = inline.length > 0 ? inline : headBlob.read(io);
    try {
      return ChangeCodec.decodeHead(ByteBuffer.wrap(bytes));
    } catch (BufferUnderflowException _) {
      throw Bytes.corrupt("A snapshot", "its head ends early");
    }
  }

  /** Writes a snapshot's parts to the log and gives its record. */
  static byte[] store(SnapshotCatalogue.Fresh fresh, TreeIo io, long birth) {
    ByteBuffer head = ByteBuffer.allocate(ChangeCodec.headLength(fresh.head()));
    ChangeCodec.encodeHead(head, fresh.head());
    boolean fits = head.capacity() <= MAX_INLINE;
    byte[] inline = fits ? head.array() : new byte[0];
    ByteBuffer out = ByteBuffer.allocate(FIXED + inline.length).put(VERSION);
    put(out, fits ? Blob.EMPTY : Blob.write(io, head.array()));
    put(out, Blob.write(io, fresh.document()));
    put(out, Blob.write(io, fresh.contents().store(io, birth)));
    Bytes.putShortBytes(out, inline);
    return out.array();
  }

  static SnapshotRecord decode(byte[] record) {
    ByteBuffer in = ByteBuffer.wrap(record);
    try {
      int version = in.get();
      if (version != VERSION) {
        throw Bytes.newer("A snapshot", version);
      }
      Blob head = blob(in);
      Blob document = blob(in);
      Blob contents = blob(in);
      return new SnapshotRecord(Bytes.shortBytes(in), head, document, contents);
    } catch (BufferUnderflowException _) {
      throw Bytes.corrupt("A snapshot", "its record ends early");
    }
  }

  private static void put(ByteBuffer out, Blob blob) {
    out.putLong(blob.address()).putInt(blob.length());
  }

  private static Blob blob(ByteBuffer in) {
    long address = in.getLong();
    int length = in.getInt();
    if (length < 0 || length > Blob.MAX_LENGTH) {
      throw Bytes.corrupt("A snapshot", "a document of " + length + " bytes");
    }
    return new Blob(address, length);
  }

  /** The ids in a record of the name index. */
  static long[] ids(byte @Nullable [] record) {
    if (record == null) {
      return new long[0];
    }
    long[] ids = new long[record.length / Long.BYTES];
    ByteBuffer.wrap(record).asLongBuffer().get(ids);
    return ids;
  }

  static byte[] withId(byte @Nullable [] record, long id) {
    byte[] rest = withoutId(record, id);
    return ByteBuffer.allocate(rest.length + Long.BYTES).put(rest).putLong(id).array();
  }

  static byte[] withoutId(byte @Nullable [] record, long id) {
    long[] ids = ids(record);
    ByteBuffer out = ByteBuffer.allocate(ids.length * Long.BYTES);
    int kept = 0;
    for (long known : ids) {
      if (known != id) {
        out.putLong(known);
        kept++;
      }
    }
    return java.util.Arrays.copyOf(out.array(), kept * Long.BYTES);
  }
}
