package org.opendvx.core.pool.local;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Which segments a journal has, and on which drives: a record of the register, written before a
 * segment is used, so that no segment can ever go missing unnoticed. Format:
 * docs/formats/journal-segment.md.
 *
 * @param segmentBytes size of every segment file
 * @param nextNumber above every number that was ever given to a segment
 * @param segments in order
 */
record JournalManifest(int segmentBytes, long nextNumber, List<Entry> segments) {
  static final String PREFIX = LocalRecordStore.INTERNAL + "journal/";

  private static final short FORMAT = 1;
  private static final int MIRROR_BYTES = 12;
  private static final int HEADER_BYTES = 16;

  /**
   * A segment.
   *
   * @param number rises by one or more from segment to segment
   */
  record Entry(long number, List<Mirror> mirrors) {}

  /**
   * A file that holds a copy of a segment.
   *
   * @param since when the drive became active: after it was shut out and taken back, its files are
   *     others
   */
  record Mirror(int drive, int slot, long since) {

    /** The drive, if it is in use and still has the file; else null. */
    @Nullable Drive on(PoolView view) {
      return isOf(view.membership()) ? view.drive(drive) : null;
    }

    /** Whether the drive counts in a membership as one that still has the file. */
    boolean in(Membership membership) {
      return isOf(membership) && membership.isActive(drive);
    }

    private boolean isOf(Membership membership) {
      return drive < membership.places() && membership.members().get(drive).since() == since;
    }
  }

  JournalManifest {
    segments = List.copyOf(segments);
  }

  static String key(String host) {
    return PREFIX + host;
  }

  byte[] encode() {
    int bytes = HEADER_BYTES;
    for (Entry entry : segments) {
      bytes += 9 + MIRROR_BYTES * entry.mirrors().size();
    }
    ByteBuffer out = ByteBuffer.allocate(bytes);
    out.putShort(FORMAT).putShort((short) segments.size()).putInt(segmentBytes);
    out.putLong(nextNumber);
    for (Entry entry : segments) {
      out.putLong(entry.number()).put((byte) entry.mirrors().size());
      for (Mirror mirror : entry.mirrors()) {
        out.putShort((short) mirror.drive()).putShort((short) mirror.slot());
        out.putLong(mirror.since());
      }
    }
    return out.array();
  }

  /**
   * Whether this program can read a manifest.
   *
   * @throws DvxException UNSUPPORTED when a newer one wrote it
   */
  static void checkFormat(byte[] bytes) {
    if (bytes.length < HEADER_BYTES) {
      throw corrupt("it ends early");
    }
    short format = ByteBuffer.wrap(bytes).getShort();
    if (format != FORMAT) {
      throw DvxException.of(Kind.UNSUPPORTED, "The journal has a newer format than this program")
          .cause("Format " + format + " was found, " + FORMAT + " is the newest known here")
          .remedy("Use the program version that wrote it, or a later one; nothing was changed")
          .build();
    }
  }

  static JournalManifest decode(byte[] bytes) {
    checkFormat(bytes);
    ByteBuffer in = ByteBuffer.wrap(bytes).position(Short.BYTES);
    int count = Short.toUnsignedInt(in.getShort());
    int segmentBytes = in.getInt();
    long nextNumber = in.getLong();
    List<Entry> segments = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      if (in.remaining() < Long.BYTES + 1) {
        throw corrupt("it ends before segment " + i);
      }
      long number = in.getLong();
      int copies = Byte.toUnsignedInt(in.get());
      if (in.remaining() < copies * MIRROR_BYTES) {
        throw corrupt("it ends within segment " + i);
      }
      List<Mirror> mirrors = new ArrayList<>(copies);
      for (int copy = 0; copy < copies; copy++) {
        mirrors.add(
            new Mirror(
                Short.toUnsignedInt(in.getShort()),
                Short.toUnsignedInt(in.getShort()),
                in.getLong()));
      }
      segments.add(new Entry(number, mirrors));
    }
    if (in.hasRemaining()) {
      throw corrupt("it goes on behind its last segment");
    }
    return new JournalManifest(segmentBytes, nextNumber, segments);
  }

  private static DvxException corrupt(String why) {
    return DvxException.of(Kind.CORRUPT, "The list of a journal's segments cannot be read")
        .cause(why)
        .remedy("Keep the drives as they are and look for one that fails; please report this")
        .build();
  }
}
