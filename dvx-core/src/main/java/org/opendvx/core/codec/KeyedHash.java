package org.opendvx.core.codec;

import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Objects;

/**
 * HMAC-SHA-256 (RFC 2104) that writes into the caller's array and allocates nothing; the JDK's Mac
 * makes a new array for every result. Confined to one thread.
 */
final class KeyedHash {
  /** Bytes of a result. */
  static final int LENGTH = 32;

  private static final int BLOCK = 64;

  private final byte[] innerPad;
  private final byte[] outerPad;
  private final byte[] inner = new byte[LENGTH];
  private final MessageDigest sha256;

  /**
   * A hash under a key.
   *
   * @param key at most 64 bytes
   */
  KeyedHash(byte[] key) {
    if (key.length > BLOCK) {
      throw new IllegalArgumentException("key longer than a block");
    }
    this.innerPad = padded(key, 0x36);
    this.outerPad = padded(key, 0x5c);
    try {
      this.sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Writes the 32 bytes of the hash of a range to the target. */
  void hash(byte[] source, int offset, int length, byte[] target, int targetOffset) {
    Objects.checkFromIndexSize(offset, length, source.length);
    Objects.checkFromIndexSize(targetOffset, LENGTH, target.length);
    sha256.update(innerPad);
    sha256.update(source, offset, length);
    digest(inner, 0);
    sha256.update(outerPad);
    sha256.update(inner);
    digest(target, targetOffset);
  }

  private void digest(byte[] target, int offset) {
    try {
      sha256.digest(target, offset, LENGTH);
    } catch (DigestException e) {
      throw new IllegalStateException("a 32 byte target holds SHA-256", e);
    }
  }

  private static byte[] padded(byte[] key, int pad) {
    byte[] block = Arrays.copyOf(key, BLOCK);
    for (int i = 0; i < BLOCK; i++) {
      block[i] ^= (byte) pad;
    }
    return block;
  }
}
