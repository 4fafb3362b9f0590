package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.nfs.xdr.XdrReader;

/** The structures fattr3, post_op_attr, wcc_data and sattr3 of RFC 1813, section 2.6. */
final class FileAttributes {
  /** Bytes of fattr3. */
  static final int SIZE = 84;

  /** Bytes of a post_op_attr that is there. */
  static final int POST_SIZE = 4 + SIZE;

  /** Bytes of a wcc_data with both parts. */
  static final int CHANGE_SIZE = 4 + 24 + POST_SIZE;

  private static final long NANOS = 1_000_000_000L;
  private static final int TIME_FROM_SERVER = 1;
  private static final int TIME_FROM_CLIENT = 2;

  private FileAttributes() {}

  static void write(ByteBuf out, Attributes a, long fsid) {
    out.writeLong((long) typeCode(a.type()) << 32 | a.mode());
    out.writeInt(a.links());
    out.writeLong((long) a.uid() << 32 | Integer.toUnsignedLong(a.gid()));
    out.writeLong(a.size());
    out.writeLong(a.used());
    out.writeLong(a.device());
    out.writeLong(fsid);
    out.writeLong(a.file());
    out.writeLong(time(a.accessed()));
    out.writeLong(time(a.modified()));
    out.writeLong(time(a.changed()));
  }

  /** A post_op_attr. */
  static void writePost(ByteBuf out, @Nullable Attributes attributes, long fsid) {
    if (attributes == null) {
      out.writeInt(0);
    } else {
      out.writeInt(1);
      write(out, attributes, fsid);
    }
  }

  /** A wcc_data. */
  static void writeChange(ByteBuf out, Changed changed, long fsid) {
    Attributes before = changed.before();
    out.writeInt(1);
    out.writeLong(before.size());
    out.writeLong(time(before.modified()));
    out.writeLong(time(before.changed()));
    writePost(out, changed.after(), fsid);
  }

  /** A wcc_data of which only the later part may be known. */
  static void writeAfter(ByteBuf out, @Nullable Attributes after, long fsid) {
    out.writeInt(0);
    writePost(out, after, fsid);
  }

  /** A sattr3. */
  static AttributeChange readChange(XdrReader in) {
    return new AttributeChange(
        in.readBoolean() ? in.readInt() & 07777 : null,
        in.readBoolean() ? in.readInt() : null,
        in.readBoolean() ? in.readInt() : null,
        in.readBoolean() ? in.readLong() : null,
        readTime(in),
        readTime(in));
  }

  /** An nfstime3 as nanoseconds since 1970. */
  static long readNanos(XdrReader in) {
    long seconds = Integer.toUnsignedLong(in.readInt());
    return seconds * NANOS + Integer.toUnsignedLong(in.readInt());
  }

  static int typeCode(FileType type) {
    return switch (type) {
      case REGULAR -> 1;
      case DIRECTORY -> 2;
      case BLOCK_DEVICE -> 3;
      case CHARACTER_DEVICE -> 4;
      case SYMLINK -> 5;
      case SOCKET -> 6;
      case FIFO -> 7;
    };
  }

  private static AttributeChange.@Nullable Time readTime(XdrReader in) {
    return switch (in.readEnum(TIME_FROM_CLIENT)) {
      case TIME_FROM_SERVER -> new AttributeChange.Time.Server();
      case TIME_FROM_CLIENT -> new AttributeChange.Time.Client(readNanos(in));
      default -> null;
    };
  }

  /** An nfstime3: unsigned seconds and nanoseconds. */
  private static long time(long nanos) {
    long seconds = Math.floorDiv(nanos, NANOS);
    return seconds << 32 | (nanos - seconds * NANOS);
  }
}
