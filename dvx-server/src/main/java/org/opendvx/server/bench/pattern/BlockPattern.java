package org.opendvx.server.bench.pattern;

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
  private static final int MAGIC = 0x42585644;
  private static final int STAMP = 40;
  private static final int STRETCH = 256;
  private static final int DUPLICATE_FILE = -1;

  private final PatternSettings settings;
  private final int unit;
  private final int[] randomUntil;
  private final int[] stretchEnd;
  private final CRC32C crc = new CRC32C();

  /** Prepares content of the given kind. */
  public BlockPattern(PatternSettings settings) {
    this.settings = settings;
    this.unit = settings.unitSize();
    int stretches = unit / STRETCH;
    this.randomUntil = new int[stretches];
    this.stretchEnd = new int[stretches];
    int words = RandomShare.words(unit, STAMP, stretches, settings.compressibility());
    for (int i = 0; i < stretches; i++) {
      int from = i == 0 ? STAMP : i * STRETCH;
      int room = ((i + 1) * STRETCH - from) / 8;
      int left = stretches - i;
      int mine = Math.min(room, (words + left - 1) / left);
      randomUntil[i] = from + 8 * mine;
      stretchEnd[i] = (i + 1) * STRETCH;
      words -= mine;
    }
  }

  /** Bytes that carry one stamp. */
  public int unitSize() {
    return unit;
  }

  /**
   * Writes the units of {@code length} bytes of a file, all of one generation, at {@code out}'s
   * position, and moves that on. The buffer's byte order is left as it was.
   */
  public void fill(ByteBuffer out, int file, long offset, long generation, int length) {
    ByteOrder order = out.order();
    out.order(ByteOrder.LITTLE_ENDIAN);
    int start = out.position();
    for (int done = 0; done < length; done += unit) {
      fillUnit(out, start + done, file, offset + done, generation);
    }
    out.order(order);
    out.position(start + length);
  }

  private void fillUnit(ByteBuffer out, int at, int file, long offset, long generation) {
    int duplicate = duplicateOf(file, offset, generation);
    if (duplicate >= 0) {
      stampAndBody(out, at, DUPLICATE_FILE, (long) duplicate * unit, 0);
    } else {
      stampAndBody(out, at, file, offset, generation);
    }
  }

  private void stampAndBody(ByteBuffer out, int at, int file, long offset, long generation) {
    out.putInt(at, MAGIC);
    out.putLong(at + 8, settings.seed());
    out.putInt(at + 16, file);
    out.putInt(at + 20, unit);
    out.putLong(at + 24, offset);
    out.putLong(at + 32, generation);
    long state = mix(settings.seed() ^ mix(offset ^ mix(generation ^ mix(file))));
    int position = STAMP;
    for (int i = 0; i < stretchEnd.length; i++) {
      for (; position < randomUntil[i]; position += 8) {
        state += 0x9E3779B97F4A7C15L;
        out.putLong(at + position, mix(state));
      }
      for (; position < stretchEnd[i]; position += 8) {
        out.putLong(at + position, 0);
      }
    }
    out.putInt(at + 4, checksum(out, at));
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

  private static long mix(long x) {
    long z = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
