package org.opendvx.core.datastore;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import org.opendvx.core.tree.RootRef;

/** Bytes of inodes, alone and as records of the inode table: docs/formats/inode.md. */
final class InodeCodec {
  private static final byte VERSION = 1;
  private static final byte HAS_VERIFIER = 1;
  private static final int FIXED = 68;
  private static final FileType[] TYPES = FileType.values();

  private InodeCodec() {}

  /** A file as the inode table stores it. */
  record Stored(InodeImage image, RootRef content) {}

  static int length(InodeImage image) {
    return FIXED
        + (image.verifier() == null ? 0 : Long.BYTES)
        + Short.BYTES
        + image.links().count() * 2 * Long.BYTES
        + Short.BYTES
        + image.symlink().length;
  }

  static void encode(ByteBuffer out, InodeImage image) {
    Long verifier = image.verifier();
    out.put(VERSION);
    out.put((byte) image.type().code());
    out.put(verifier == null ? 0 : HAS_VERIFIER);
    out.put((byte) 0);
    out.putInt(image.mode()).putInt(image.uid()).putInt(image.gid());
    out.putInt(image.subdirectories());
    out.putLong(image.size()).putLong(image.device());
    out.putLong(image.accessed()).putLong(image.modified()).putLong(image.changed());
    out.putLong(image.epoch());
    if (verifier != null) {
      out.putLong(verifier);
    }
    Links links = image.links();
    out.putShort((short) links.count());
    for (int i = 0; i < links.count(); i++) {
      out.putLong(links.directory(i)).putLong(links.cookie(i));
    }
    Bytes.putShortBytes(out, image.symlink());
  }

  static InodeImage decode(ByteBuffer in) {
    int version = in.get();
    if (version != VERSION) {
      throw Bytes.newer("An inode", version);
    }
    FileType type = type(in.get());
    boolean hasVerifier = (in.get() & HAS_VERIFIER) != 0;
    in.get();
    int mode = in.getInt();
    int uid = in.getInt();
    int gid = in.getInt();
    int subdirectories = in.getInt();
    long size = in.getLong();
    long device = in.getLong();
    long accessed = in.getLong();
    long modified = in.getLong();
    long changed = in.getLong();
    long epoch = in.getLong();
    Long verifier = hasVerifier ? Long.valueOf(in.getLong()) : null;
    int count = Short.toUnsignedInt(in.getShort());
    if (count > Links.MAX || count * 2 * Long.BYTES > in.remaining()) {
      throw new BufferUnderflowException();
    }
    long[] pairs = new long[2 * count];
    for (int i = 0; i < pairs.length; i++) {
      pairs[i] = in.getLong();
    }
    byte[] symlink = Bytes.shortBytes(in);
    if (size < 0 || size > Datastore.MAX_FILE_SIZE || subdirectories < 0) {
      throw Bytes.corrupt("An inode", "size " + size + ", subdirectories " + subdirectories);
    }
    return new InodeImage(
        type,
        mode,
        uid,
        gid,
        size,
        device,
        accessed,
        modified,
        changed,
        epoch,
        verifier,
        subdirectories,
        Links.ofPairs(pairs),
        symlink);
  }

  static byte[] encodeStored(InodeImage image, RootRef content) {
    ByteBuffer out = ByteBuffer.allocate(length(image) + RootRef.ENCODED);
    encode(out, image);
    content.encode(out);
    return out.array();
  }

  static Stored decodeStored(byte[] record) {
    ByteBuffer in = ByteBuffer.wrap(record);
    try {
      return new Stored(decode(in), RootRef.decode(in));
    } catch (BufferUnderflowException _) {
      throw Bytes.corrupt("An inode", "its record ends early");
    }
  }

  static FileType type(int code) {
    for (FileType type : TYPES) {
      if (type.code() == code) {
        return type;
      }
    }
    throw Bytes.corrupt("An inode", "type " + code);
  }
}
