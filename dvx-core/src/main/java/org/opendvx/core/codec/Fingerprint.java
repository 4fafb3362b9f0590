package org.opendvx.core.codec;

import java.util.HexFormat;

/**
 * The first 128 bits of the keyed hash of a chunk's plain bytes. Equal fingerprints mean equal
 * chunks as far as dedupe goes.
 *
 * @param high bits 0 to 63 of the hash, big-endian
 * @param low bits 64 to 127
 */
public record Fingerprint(long high, long low) {
  /** Bytes of a fingerprint where it is stored. */
  public static final int LENGTH = 16;

  @Override
  public String toString() {
    HexFormat hex = HexFormat.of();
    return hex.toHexDigits(high) + hex.toHexDigits(low);
  }
}
