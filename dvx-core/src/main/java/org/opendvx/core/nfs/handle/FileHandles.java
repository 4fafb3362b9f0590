package org.opendvx.core.nfs.handle;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.xdr.XdrReader;

/** Writes and checks file handles. The bytes are described in docs/formats/file-handle.md. */
public final class FileHandles {
  /** Bytes of a handle. */
  public static final int SIZE = 40;

  /** Bytes of a handle on the wire, with its length. */
  public static final int WIRE_SIZE = 4 + SIZE;

  /** The most that NFSv3 allows; longer ones are malformed. */
  public static final int PROTOCOL_LIMIT = 64;

  private static final long VERSION = 1L << 56;

  private final HandleMac mac;

  /** Handles under a key. */
  public FileHandles(HandleMac mac) {
    this.mac = mac;
  }

  /** Writes a handle with its length. */
  public void write(ByteBuf out, int export, FileKey key) {
    out.writeInt(SIZE);
    writeBody(out, export, key);
  }

  /** A handle without its length. */
  public void writeBody(ByteBuf out, int export, FileKey key) {
    long head = head(export);
    HandleMac.Tag tag = mac.tag(head, key.snapshot(), key.file());
    out.writeLong(head);
    out.writeLong(key.snapshot());
    out.writeLong(key.file());
    out.writeLong(tag.high());
    out.writeLong(tag.low());
  }

  /** Reads a handle with its length; null when it is not one of ours. */
  public @Nullable FileHandle read(XdrReader in) {
    int length = in.readLength(PROTOCOL_LIMIT);
    int at = in.takePadded(length);
    if (length != SIZE) {
      return null;
    }
    ByteBuf buffer = in.buffer();
    long head = buffer.getLong(at);
    long snapshot = buffer.getLong(at + 8);
    long file = buffer.getLong(at + 16);
    HandleMac.Tag tag = mac.tag(head, snapshot, file);
    long difference =
        (tag.high() ^ buffer.getLong(at + 24))
            | (tag.low() ^ buffer.getLong(at + 32))
            | (head ^ head((int) head));
    return difference == 0 ? new FileHandle((int) head, new FileKey(snapshot, file)) : null;
  }

  private static long head(int export) {
    return VERSION | Integer.toUnsignedLong(export);
  }
}
