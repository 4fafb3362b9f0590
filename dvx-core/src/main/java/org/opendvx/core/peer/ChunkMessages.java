package org.opendvx.core.peer;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.opendvx.core.cache.SummaryPart;

/** Byte tables of docs/formats/peer-protocol.md, the part about chunks. */
final class ChunkMessages {
  /** First byte of every message about chunks, {@code C}. */
  static final byte MARK = 0x43;

  static final byte VERSION = 1;
  static final byte FETCH = 1;
  static final byte HEAT = 2;
  static final byte HOT = 3;
  static final byte SUMMARY = 4;
  static final byte PART = 5;

  static final byte OK = 0;
  static final byte BUSY = 1;
  static final byte REFUSED = 2;

  /** Addresses of one fetch. */
  static final int MOST_FETCHED = 256;

  /** Addresses whose heat is asked at once, and of a page of a hot set. */
  static final int MOST_HEAT = 16 << 10;

  static final int MOST_FILES = 256;
  static final int MOST_PARTS = 2048;
  static final int MOST_ADDITIONS = 4096;

  /** Words of a part that are sent at once. */
  static final int MOST_WORDS = 32 << 10;

  /** Longest sealed slot of a chunk. */
  static final int MOST_SLOT = 8192;

  private static final int MOST_NAME = 255;
  private static final int HEAD = 3;

  private ChunkMessages() {}

  static boolean isOurs(byte[] message) {
    return message.length > 0 && message[0] == MARK;
  }

  static byte[] refused() {
    return new byte[] {MARK, VERSION, REFUSED};
  }

  static byte[] busy() {
    return new byte[] {MARK, VERSION, BUSY};
  }

  /** A message with its head. */
  static ByteBuffer message(byte kindOrStatus, int bodyLength) {
    return ByteBuffer.allocate(HEAD + bodyLength).put(MARK).put(VERSION).put(kindOrStatus);
  }

  static byte[] done(ByteBuffer out) {
    byte[] message = new byte[out.position()];
    out.flip().get(message);
    return message;
  }

  /** What follows the head of a good reply. */
  static ByteBuffer body(byte[] reply) {
    if (reply.length < HEAD || reply[0] != MARK || reply[1] != VERSION || reply[2] == REFUSED) {
      throw new PeerRefusedException("the peer does not know the request");
    }
    if (reply[2] == BUSY) {
      throw new PeerRefusedException("the peer is busy");
    }
    return ByteBuffer.wrap(reply, HEAD, reply.length - HEAD);
  }

  /** Asks for slots. */
  static byte[] fetch(boolean foreground, long[] addresses) {
    ByteBuffer out = message(FETCH, 1 + Short.BYTES + addresses.length * Long.BYTES);
    out.put((byte) (foreground ? 0 : 1)).putShort((short) addresses.length);
    return done(putAll(out, addresses));
  }

  static ByteBuffer putAll(ByteBuffer out, long[] values) {
    for (long value : values) {
      out.putLong(value);
    }
    return out;
  }

  /** Receives slots of a reply. */
  @FunctionalInterface
  interface SlotReader {
    /** One slot, whose bytes are part of the reply. */
    void slot(int index, byte[] bytes, int offset, int length);
  }

  /**
   * Reads the reply to a fetch.
   *
   * @param asked how many addresses were asked for
   * @throws BadReplyException when it holds more than was asked for, or is no such reply
   */
  static void slots(byte[] reply, int asked, SlotReader reader) {
    ByteBuffer in = body(reply);
    try {
      int count = Short.toUnsignedInt(in.getShort());
      if (count > asked) {
        throw new BadReplyException("more slots than asked for");
      }
      int last = -1;
      for (int i = 0; i < count; i++) {
        int index = Short.toUnsignedInt(in.getShort());
        int length = Short.toUnsignedInt(in.getShort());
        if (index <= last || index >= asked || length < 1 || length > MOST_SLOT) {
          throw new BadReplyException("slots that were not asked for, or too long ones");
        }
        last = index;
        int at = in.position();
        in.position(Math.addExact(at, length));
        reader.slot(index, reply, at, length);
      }
      requireEnd(in);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new BadReplyException("it ends early");
    }
  }

  private static void requireEnd(ByteBuffer in) {
    if (in.hasRemaining()) {
      throw new BadReplyException("it is too long");
    }
  }

  static byte[] heat(long[] addresses) {
    ByteBuffer out = message(HEAT, Integer.BYTES + addresses.length * Long.BYTES);
    return done(putAll(out.putInt(addresses.length), addresses));
  }

  static byte[] heats(byte[] reply, int asked) {
    ByteBuffer in = body(reply);
    if (in.remaining() != asked) {
      throw new BadReplyException("not the heat that was asked for");
    }
    byte[] heat = new byte[asked];
    in.get(heat);
    return heat;
  }

  /** Where a listing of hot chunks goes on. */
  record Cursor(int file, long block) {
    static final Cursor START = new Cursor(0, 0);
  }

  static byte[] hot(List<Long> files, Cursor from) {
    ByteBuffer out =
        message(HOT, 2 * Integer.BYTES + Long.BYTES + Integer.BYTES + files.size() * Long.BYTES);
    out.putInt(files.size());
    files.forEach(out::putLong);
    return done(out.putInt(from.file()).putLong(from.block()));
  }

  /**
   * A page of hot chunks.
   *
   * @param next {@code file} is the number of files at the end
   * @param absent positions of files among those asked for that the peer does not have
   */
  @SuppressWarnings("ArrayRecordComponent") // a value carrier; never compared
  record HotPage(Cursor next, List<Integer> absent, long[] addresses, byte[] heat) {}

  static byte[] hotReply(HotPage page) {
    int count = page.addresses().length;
    ByteBuffer out =
        message(
            OK,
            Integer.BYTES
                + Long.BYTES
                + Integer.BYTES * (1 + page.absent().size())
                + Integer.BYTES
                + count * (Long.BYTES + 1));
    out.putInt(page.next().file()).putLong(page.next().block()).putInt(page.absent().size());
    page.absent().forEach(out::putInt);
    putAll(out.putInt(count), page.addresses());
    return done(out.put(page.heat()));
  }

  static HotPage hotPage(byte[] reply, int files) {
    ByteBuffer in = body(reply);
    try {
      Cursor next = new Cursor(in.getInt(), in.getLong());
      int missing = in.getInt();
      if (next.file() < 0
          || next.file() > files
          || next.block() < 0
          || missing < 0
          || missing > files) {
        throw new BadReplyException("not a page of hot chunks");
      }
      List<Integer> absent = new ArrayList<>();
      for (int i = 0; i < missing; i++) {
        int position = in.getInt();
        if (position < 0 || position >= files) {
          throw new BadReplyException("it lacks a file that was not asked for");
        }
        absent.add(position);
      }
      int count = in.getInt();
      if (count < 0 || count > MOST_HEAT || in.remaining() != count * (Long.BYTES + 1)) {
        throw new BadReplyException("not a page of hot chunks");
      }
      long[] addresses = longs(in, count);
      byte[] heat = new byte[count];
      in.get(heat);
      return new HotPage(next, absent, addresses, heat);
    } catch (BufferUnderflowException e) {
      throw new BadReplyException("it ends early");
    }
  }

  /** Reads so many numbers. */
  static long[] longs(ByteBuffer in, int count) {
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] = in.getLong();
    }
    return values;
  }

  /** A part that is known, up to so many additions. */
  record Known(long part, long additions) {}

  static byte[] summary(List<Known> known) {
    ByteBuffer out = message(SUMMARY, Integer.BYTES + known.size() * 2 * Long.BYTES);
    out.putInt(known.size());
    known.forEach(part -> out.putLong(part.part()).putLong(part.additions()));
    return done(out);
  }

  /**
   * News of a part.
   *
   * @param complete whether the groups are all that was added since; else the part must be read
   */
  @SuppressWarnings("ArrayRecordComponent") // a value carrier; never compared
  record News(long part, int words, long additions, boolean complete, long[] groups) {}

  /**
   * What a peer says of its cache.
   *
   * @param beside names of the hypervisor host that it serves
   * @param flash whether it has flash that works
   */
  record Summary(List<String> beside, boolean flash, List<News> parts) {}

  static byte[] summaryReply(Summary summary) {
    List<byte[]> names =
        summary.beside().stream().map(name -> name.getBytes(StandardCharsets.UTF_8)).toList();
    int length = 2 + Integer.BYTES;
    for (byte[] name : names) {
      length += Short.BYTES + name.length;
    }
    for (News news : summary.parts()) {
      length += 3 * Long.BYTES + 1 + news.groups().length * Long.BYTES;
    }
    ByteBuffer out = message(OK, length);
    out.put((byte) (summary.flash() ? 1 : 0)).put((byte) names.size());
    names.forEach(name -> out.putShort((short) name.length).put(name));
    out.putInt(summary.parts().size());
    for (News news : summary.parts()) {
      out.putLong(news.part()).putInt(news.words()).putLong(news.additions());
      out.put((byte) (news.complete() ? 1 : 0)).putInt(news.groups().length);
      putAll(out, news.groups());
    }
    return done(out);
  }

  static Summary readSummary(byte[] reply) {
    ByteBuffer in = body(reply);
    try {
      boolean flash = in.get() != 0;
      int names = Byte.toUnsignedInt(in.get());
      List<String> beside = new ArrayList<>();
      for (int i = 0; i < names; i++) {
        int length = Short.toUnsignedInt(in.getShort());
        if (length > MOST_NAME) {
          throw new BadReplyException("the name is too long");
        }
        byte[] name = new byte[length];
        in.get(name);
        beside.add(new String(name, StandardCharsets.UTF_8));
      }
      int count = in.getInt();
      if (count < 0 || count > MOST_PARTS) {
        throw new BadReplyException("too many parts");
      }
      List<News> parts = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        parts.add(news(in));
      }
      requireEnd(in);
      return new Summary(beside, flash, parts);
    } catch (BufferUnderflowException e) {
      throw new BadReplyException("it ends early");
    }
  }

  private static News news(ByteBuffer in) {
    long id = in.getLong();
    int words = in.getInt();
    long additions = in.getLong();
    boolean complete = in.get() != 0;
    int groups = in.getInt();
    if (words < 1 || words > SummaryPart.MOST_WORDS || groups < 0 || groups > MOST_ADDITIONS) {
      throw new BadReplyException("not a part of a summary");
    }
    return new News(id, words, additions, complete, longs(in, groups));
  }

  static byte[] part(long id, int from) {
    return done(message(PART, Long.BYTES + Integer.BYTES).putLong(id).putInt(from));
  }

  static long[] words(byte[] reply, int wanted) {
    ByteBuffer in = body(reply);
    if (in.remaining() != wanted * Long.BYTES) {
      throw new BadReplyException("not the words that were asked for");
    }
    return longs(in, wanted);
  }
}
