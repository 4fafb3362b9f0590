package org.opendvx.core.log;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** The bytes of the cleaner's records: docs/formats/cleaner.md. */
final class PlaceRecords {
  /** "DVXK" and "DVXM". */
  private static final int STATE_MAGIC = 0x4456584b;

  private static final int PAGE_MAGIC = 0x4456584d;
  private static final short VERSION = 1;
  private static final int HEAD = 8;
  private static final String STATE = "The record of the cleaner";
  private static final String PAGE = "The map of moved containers";

  private PlaceRecords() {}

  /**
   * What the cleaner is doing.
   *
   * @param condemned containers to which no new reference may be made
   * @param intended containers that may be put, and are not wanted unless a page names them
   * @param ages container ids and checkpoint numbers, see {@link PlaceRegister#agesOf}
   */
  record State(List<Long> condemned, List<Long> intended, SortedMap<Long, Long> ages) {}

  static byte[] encode(State state) {
    int longs = state.condemned().size() + state.intended().size() + 2 * state.ages().size();
    byte[] bytes = new byte[HEAD + 12 + longs * Long.BYTES + Integer.BYTES];
    ByteBuffer out = ByteBuffer.wrap(bytes);
    out.putInt(STATE_MAGIC).putShort(VERSION).putShort((short) 0);
    out.putInt(state.condemned().size()).putInt(state.intended().size());
    out.putInt(state.ages().size());
    state.condemned().forEach(out::putLong);
    state.intended().forEach(out::putLong);
    state.ages().forEach((container, checkpoint) -> out.putLong(container).putLong(checkpoint));
    return sealed(bytes);
  }

  static State decodeState(byte[] bytes) {
    ByteBuffer in = open(bytes, STATE_MAGIC, STATE);
    try {
      int condemned = in.getInt();
      int intended = in.getInt();
      int ages = in.getInt();
      List<Long> first = longs(in, condemned);
      List<Long> second = longs(in, intended);
      SortedMap<Long, Long> third = new TreeMap<>();
      for (int i = 0; i < ages; i++) {
        long container = in.getLong();
        if (!third.isEmpty() && container <= third.lastKey()) {
          throw corrupt(STATE, "its notes of age are out of order");
        }
        third.put(container, in.getLong());
      }
      requireEnd(in, STATE);
      if (ages < 0) {
        throw corrupt(STATE, "a count is negative");
      }
      return new State(first, second, third);
    } catch (BufferUnderflowException _) {
      throw corrupt(STATE, "it ends early");
    }
  }

  private static List<Long> longs(ByteBuffer in, int count) {
    if (count < 0 || count > in.remaining() / Long.BYTES) {
      throw new BufferUnderflowException();
    }
    List<Long> list = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      list.add(in.getLong());
    }
    return list;
  }

  static byte[] encodePage(Map<Long, Long> entries) {
    byte[] bytes = new byte[HEAD + Integer.BYTES + entries.size() * 16 + Integer.BYTES];
    ByteBuffer out = ByteBuffer.wrap(bytes);
    out.putInt(PAGE_MAGIC).putShort(VERSION).putShort((short) 0).putInt(entries.size());
    entries.forEach((container, place) -> out.putLong(container).putLong(place));
    return sealed(bytes);
  }

  static SortedMap<Long, Long> decodePage(byte[] bytes) {
    ByteBuffer in = open(bytes, PAGE_MAGIC, PAGE);
    SortedMap<Long, Long> entries = new TreeMap<>();
    try {
      int count = in.getInt();
      for (int i = 0; i < count; i++) {
        long container = in.getLong();
        long place = in.getLong();
        if (container < 1 || place < 1) {
          throw corrupt(PAGE, "an id is not one");
        }
        if (!entries.isEmpty() && container <= entries.lastKey()) {
          throw corrupt(PAGE, "its entries are out of order");
        }
        entries.put(container, place);
      }
      requireEnd(in, PAGE);
      if (count < 0) {
        throw corrupt(PAGE, "a count is negative");
      }
      return entries;
    } catch (BufferUnderflowException _) {
      throw corrupt(PAGE, "it ends early");
    }
  }

  /** Writes the checksum in the last four bytes. */
  private static byte[] sealed(byte[] bytes) {
    int end = bytes.length - Integer.BYTES;
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, end);
    ContainerFormat.putInt(bytes, end, (int) crc.getValue());
    return bytes;
  }

  private static ByteBuffer open(byte[] bytes, int magic, String what) {
    if (bytes.length < HEAD + Integer.BYTES) {
      throw corrupt(what, "it is too short");
    }
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (in.getInt() != magic) {
      throw corrupt(what, "it does not start like one");
    }
    short version = in.getShort();
    if (version != VERSION) {
      throw DvxException.of(Kind.UNSUPPORTED, what + " has a format that is not known")
          .cause("A newer version wrote it")
          .remedy("Run the version that wrote it, or a newer one; nothing was changed")
          .detail("format", version)
          .build();
    }
    if (in.getShort() != 0) {
      throw corrupt(what, "it has flags that are not known");
    }
    int end = bytes.length - Integer.BYTES;
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, end);
    if (in.getInt(end) != (int) crc.getValue()) {
      throw corrupt(what, "its checksum is wrong");
    }
    return in.limit(end);
  }

  private static void requireEnd(ByteBuffer in, String what) {
    if (in.hasRemaining()) {
      throw corrupt(what, "it is too long");
    }
  }

  private static DvxException corrupt(String what, String why) {
    return DvxException.of(Kind.CORRUPT, what + " cannot be read")
        .cause(why)
        .remedy("Keep the drives as they are and look for one that fails; please report this")
        .build();
  }
}
