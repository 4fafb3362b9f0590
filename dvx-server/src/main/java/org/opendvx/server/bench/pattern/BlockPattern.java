package org.opendvx.server.bench.pattern;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Makes and checks the content of units. A unit is a function of seed, file, offset and generation,
 * so it is never kept: a retransmission makes it anew, and a reader knows what to expect.
 *
 * <p>Little-endian: magic u32 at 0, CRC-32C of all that follows it u32 at 4, seed u64 at 8, file
 * u32 at 16, unit size u32 at 20, offset u64 at 24, generation u64 at 32, then stretches of random
 * bytes, each followed by zeros, in the proportion that gives the wanted LZ4 ratio. A duplicate
 * carries file -1, its number times the unit size as offset, and generation 0.
 *
 * <p>Not thread-safe.
 */
public final class BlockPattern {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int MAGIC = 0x42585644;
  private static final int STAMP = 40;
  private static final int STRETCH = 256;
  private static final int DUPLICATE_FILE = -1;

  private final PatternSettings settings;
  private final int unit;
  private final int[] randomUntil;
  private final byte[] made;
  private final CRC32C crc = new CRC32C();

  /** Prepares content of the given kind. */
  public BlockPattern(PatternSettings settings) {
    this(settings, RandomShare.words(settings, (settings.unitSize() - STAMP) / 8));
  }

  /** Prepares units with the given number of random words, spread evenly over their stretches. */
  BlockPattern(PatternSettings settings, int randomWords) {
    this.settings = settings;
    this.unit = settings.unitSize();
    int stretches = unit / STRETCH;
    this.randomUntil = new int[stretches];
    this.made = new byte[unit];
    int words = randomWords;
    for (int i = stretches - 1; i >= 0; i--) {
      int from = i == 0 ? STAMP : i * STRETCH;
      int room = ((i + 1) * STRETCH - from) / 8;
      int mine = Math.min(room, (words + i) / (i + 1));
      randomUntil[i] = from + 8 * mine;
      words -= mine;
    }
  }

  /** Bytes that carry one stamp. */
  public int unitSize() {
    return unit;
  }

  /**
   * Writes the units of {@code length} bytes of a file, all of one generation, at {@code out}'s
   * position, and moves that on.
   */
  public void fill(ByteBuffer out, int file, long offset, long generation, int length) {
    for (int done = 0; done < length; done += unit) {
      int duplicate = duplicateOf(file, offset + done, generation);
      if (duplicate >= 0) {
        make(DUPLICATE_FILE, (long) duplicate * unit, 0);
      } else {
        make(file, offset + done, generation);
      }
      out.put(made);
    }
  }

  /** Makes one unit; the zeros between the stretches are there from the beginning. */
  private void make(int file, long offset, long generation) {
    INT.set(made, 0, MAGIC);
    LONG.set(made, 8, settings.seed());
    INT.set(made, 16, file);
    INT.set(made, 20, unit);
    LONG.set(made, 24, offset);
    LONG.set(made, 32, generation);
    long state = mix(settings.seed() ^ mix(offset ^ mix(generation ^ mix(file))));
    for (int i = 0; i < randomUntil.length; i++) {
      for (int at = i == 0 ? STAMP : i * STRETCH; at < randomUntil[i]; at += 8) {
        state += 0x9E3779B97F4A7C15L;
        LONG.set(made, at, mix(state));
      }
    }
    crc.reset();
    crc.update(made, 8, unit - 8);
    INT.set(made, 4, (int) crc.getValue());
  }

  /** The number of the duplicate that stands at this place, or -1 for content of its own. */
  private int duplicateOf(int file, long offset, long generation) {
    if (settings.duplicatePercent() == 0) {
      return -1;
    }
    long chance = mix(offset + mix(generation + mix(settings.seed() + file)));
    if (Long.remainderUnsigned(chance, 100) >= settings.duplicatePercent()) {
      return -1;
    }
    return (int) Long.remainderUnsigned(mix(chance), settings.duplicatePool());
  }

  /**
   * Checks one unit that was read, at {@code at} in {@code in}, which may be of any byte order.
   *
   * @param expected what may stand there
   */
  public Verdict check(ByteBuffer in, int at, int file, long offset, Expected expected) {
    ByteOrder order = in.order();
    in.order(ByteOrder.LITTLE_ENDIAN);
    Verdict verdict = judge(in, at, file, offset, expected);
    in.order(order);
    return verdict;
  }

  private Verdict judge(ByteBuffer in, int at, int file, long offset, Expected expected) {
    if (in.getInt(at) != MAGIC) {
      boolean hole = isZero(in, at);
      if (hole) {
        return expected.holeAllowed() ? Verdict.HOLE : Verdict.MISSING;
      }
      return Verdict.GARBLED;
    }
    if (in.getInt(at + 4) != checksum(in, at) || in.getInt(at + 20) != unit) {
      return Verdict.GARBLED;
    }
    if (in.getLong(at + 8) != settings.seed()) {
      return Verdict.OTHER_SEED;
    }
    if (in.getInt(at + 16) == DUPLICATE_FILE) {
      return judgeDuplicate(in.getLong(at + 24) / unit, file, offset, expected);
    }
    if (in.getInt(at + 16) != file || in.getLong(at + 24) != offset) {
      return Verdict.MISPLACED;
    }
    long generation = in.getLong(at + 32);
    if (generation < expected.oldest()) {
      return Verdict.STALE;
    }
    return generation > expected.newest() ? Verdict.NEVER_WRITTEN : Verdict.RIGHT;
  }

  private Verdict judgeDuplicate(long number, int file, long offset, Expected expected) {
    if (expected.holeAllowed()) {
      return number < settings.duplicatePool() ? Verdict.RIGHT : Verdict.MISPLACED;
    }
    for (long g = expected.oldest(); g <= expected.newest(); g++) {
      if (duplicateOf(file, offset, g) == number) {
        return Verdict.RIGHT;
      }
    }
    return Verdict.STALE;
  }

  private boolean isZero(ByteBuffer in, int at) {
    for (int i = 0; i < unit; i += 8) {
      if (in.getLong(at + i) != 0) {
        return false;
      }
    }
    return true;
  }

  private int checksum(ByteBuffer buffer, int at) {
    crc.reset();
    crc.update(buffer.duplicate().limit(at + unit).position(at + 8));
    return (int) crc.getValue();
  }

  /**
   * The generation that the unit at {@code at} in {@code in} is stamped with, 0 when none of ours
   * is there. Whether the unit is whole, {@link #check} tells.
   */
  public static long generationAt(ByteBuffer in, int at) {
    ByteBuffer stamp = in.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    return stamp.getInt(at) == MAGIC ? stamp.getLong(at + 32) : 0;
  }

  private static long mix(long x) {
    long z = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
