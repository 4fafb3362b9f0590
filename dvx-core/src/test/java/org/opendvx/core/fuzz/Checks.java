package org.opendvx.core.fuzz;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import java.util.zip.CRC32C;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** What targets share. */
public final class Checks {
  private static final Set<Kind> REFUSALS = Set.of(Kind.CORRUPT, Kind.UNSUPPORTED, Kind.INVALID);

  private Checks() {}

  /** Bytes were refused: it must be said in the way that is meant for it. */
  public static void refused(DvxException refusal) {
    if (!REFUSALS.contains(refusal.kind())) {
      throw new AssertionError("refused as " + refusal.kind(), refusal);
    }
  }

  /** Both are the same bytes. */
  public static void same(byte[] expected, byte[] found, String what) {
    if (!Arrays.equals(expected, found)) {
      throw new AssertionError(
          what
              + ": "
              + HexFormat.of().formatHex(expected)
              + " became "
              + HexFormat.of().formatHex(found));
    }
  }

  /** What must hold. */
  public static void holds(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  /** Writes the CRC-32C of a range, if there is room for it. */
  public static void putCrc(byte[] bytes, int from, int to, int at) {
    if (from < 0 || to < from || to > bytes.length || at < 0 || at + 4 > bytes.length) {
      return;
    }
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, to - from);
    putInt(bytes, at, (int) crc.getValue());
  }

  /** Writes four bytes, big-endian. */
  public static void putInt(byte[] bytes, int at, int value) {
    for (int i = 0; i < 4; i++) {
      bytes[at + i] = (byte) (value >>> (24 - 8 * i));
    }
  }
}
