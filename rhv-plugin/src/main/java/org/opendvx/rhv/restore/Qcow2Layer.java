package org.opendvx.rhv.restore;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * One frozen qcow2 file, read only; see the QEMU project's qcow2 specification. Versions 2 and 3,
 * also compressed by zlib; no encryption, no external data file, no extended L2 entries. Not
 * thread-safe.
 */
final class Qcow2Layer implements Layer {
  private static final int MAGIC = 0x514649fb;
  private static final int HEADER = 104;
  private static final int MAX_L1 = 32 << 20;
  private static final int BACKING_FORMAT = 0xE2792ACA;
  private static final long OFFSET = 0x00fffffffffffe00L;
  private static final long COMPRESSED = 1L << 62;
  private static final int MAX_NAME = 1023;
  private static final int CACHED_TABLES = 64;

  /** Dirty is harmless to a reader; all else changes what bytes mean. */
  private static final long KNOWN_FEATURES = 1;

  private final DomainFiles files;
  private final FileKey file;
  private final long size;
  private final int clusterBits;
  private final boolean zeroFlag;
  private final long[] l1;
  private final boolean backed;
  private final String backingFormat;
  private final String backingName;
  private final Map<Long, long[]> tables =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, long[]> eldest) {
          return size() > CACHED_TABLES;
        }
      };

  Qcow2Layer(DomainFiles files, FileKey file) {
    this.files = files;
    this.file = file;
    ByteBuffer header = ByteBuffer.wrap(files.read(file, 0, HEADER));
    require(header.getInt(0) == MAGIC, "it does not begin as a qcow2 file does");
    int version = header.getInt(4);
    require(version == 2 || version == 3, "its version is " + version);
    clusterBits = header.getInt(20);
    require(clusterBits >= 9 && clusterBits <= 21, "its clusters have 2^" + clusterBits);
    size = header.getLong(24);
    require(size >= 0 && size <= 62L << 40, "its size is " + size);
    require(header.getInt(32) == 0, "it is encrypted");
    zeroFlag = version == 3;
    long features = version == 3 ? header.getLong(72) : 0;
    require((features & ~KNOWN_FEATURES) == 0, "it has features " + Long.toHexString(features));
    int entries = header.getInt(36);
    require(entries >= 0 && entries <= MAX_L1 / 8, "its first table has " + entries);
    l1 = longs(files.read(file, header.getLong(40), entries * 8));
    int headerLength = version == 3 ? header.getInt(100) : 72;
    require(headerLength >= 72 && headerLength <= 4096, "its header has " + headerLength);
    backed = header.getLong(8) != 0;
    backingFormat = backingFormat(headerLength, header.getLong(8));
    int nameLength = header.getInt(16);
    require(!backed || (nameLength >= 1 && nameLength <= MAX_NAME), "a name has " + nameLength);
    backingName =
        backed
            ? new String(files.read(file, header.getLong(8), nameLength), StandardCharsets.UTF_8)
            : "";
  }

  private String backingFormat(int from, long backingName) {
    int end = 1 << Math.min(clusterBits, 16);
    ByteBuffer bytes = ByteBuffer.wrap(files.read(file, 0, end));
    int at = from;
    while (at + 8 <= end && bytes.getInt(at) != 0 && (backingName == 0 || at < backingName)) {
      int length = bytes.getInt(at + 4);
      require(length >= 0 && length <= end - at - 8, "a header extension has " + length);
      if (bytes.getInt(at) == BACKING_FORMAT) {
        return new String(bytes.array(), at + 8, length, StandardCharsets.US_ASCII);
      }
      at += 8 + ((length + 7) & ~7);
    }
    return "";
  }

  private static void require(boolean holds, String why) {
    if (!holds) {
      throw unusable(why);
    }
  }

  private static DvxException unusable(String why) {
    return DvxException.of(Kind.UNSUPPORTED, "A layer of the disk cannot be read")
        .cause(why)
        .remedy("Restore in place, or take the files from /.snapshots and use qemu-img")
        .build();
  }

  private static long[] longs(byte[] bytes) {
    long[] longs = new long[bytes.length / 8];
    ByteBuffer.wrap(bytes).asLongBuffer().get(longs);
    return longs;
  }

  /** Whether the header names a file below, without which clusters are missing. */
  boolean backed() {
    return backed;
  }

  /** The name of the file below as this one has it, empty without one. */
  String backingName() {
    return backingName;
  }

  /** What format the layer below has, empty when the file does not say. */
  String backingFormat() {
    return backingFormat;
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public Piece at(long offset, int most) {
    if (offset >= size) {
      // The layer above may be larger; what is beyond the end reads as zero.
      return new Piece(Piece.Kind.ZERO, most);
    }
    long cluster = 1L << clusterBits;
    int length = (int) Math.min(Math.min(most, cluster - (offset & (cluster - 1))), size - offset);
    long entry = entry(offset);
    boolean zero = zeroFlag && (entry & 1) != 0 && (entry & COMPRESSED) == 0;
    if (zero) {
      return new Piece(Piece.Kind.ZERO, length);
    }
    boolean mapped = (entry & COMPRESSED) != 0 || (entry & OFFSET) != 0;
    return new Piece(mapped ? Piece.Kind.DATA : Piece.Kind.BELOW, length);
  }

  @Override
  public FileKey file() {
    return file;
  }

  @Override
  public long position(long offset) {
    long entry = entry(offset);
    return (entry & COMPRESSED) != 0 ? -1 : (entry & OFFSET) + (offset & ((1L << clusterBits) - 1));
  }

  @Override
  public byte[] read(long offset, int length) {
    long entry = entry(offset);
    int inside = (int) (offset & ((1L << clusterBits) - 1));
    if ((entry & COMPRESSED) == 0) {
      return files.read(file, (entry & OFFSET) + inside, length);
    }
    byte[] whole = inflate(entry);
    byte[] part = new byte[length];
    System.arraycopy(whole, inside, part, 0, length);
    return part;
  }

  private long entry(long offset) {
    int tableBits = clusterBits - 3;
    long index = offset >>> (clusterBits + tableBits);
    if (index >= l1.length) {
      return 0;
    }
    long place = l1[(int) index] & OFFSET;
    if (place == 0) {
      return 0;
    }
    long[] table = tables.get(place);
    if (table == null) {
      table = longs(files.read(file, place, 1 << clusterBits));
      tables.put(place, table);
    }
    return table[(int) ((offset >>> clusterBits) & ((1L << tableBits) - 1))];
  }

  private byte[] inflate(long entry) {
    int split = 62 - (clusterBits - 8);
    long place = entry & ((1L << split) - 1);
    int sectors = (int) ((entry & (COMPRESSED - 1)) >>> split) + 1;
    int length = sectors * 512 - (int) (place & 511);
    byte[] whole = new byte[1 << clusterBits];
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(files.read(file, place, length));
      int at = 0;
      while (at < whole.length) {
        int got = inflater.inflate(whole, at, whole.length - at);
        if (got == 0) {
          throw unusable("a compressed cluster is too short");
        }
        at += got;
      }
      return whole;
    } catch (DataFormatException e) {
      throw unusable("a compressed cluster is damaged: " + e.getMessage());
    } finally {
      inflater.end();
    }
  }
}
