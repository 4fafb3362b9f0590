package org.opendvx.core.codec;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * Tags that prove that who wrote a note into the pool has the pool's keys: HMAC-SHA-256 under a key
 * of their own, which is the HMAC of a fixed text under the handle key. Thread-safe.
 */
public final class NoteMac {
  private static final byte[] PURPOSE =
      "OpenDVX notes of hosts".getBytes(StandardCharsets.US_ASCII);

  private final byte[] key;

  /** Tags under the ring's keys; the ring may be closed afterwards. */
  public NoteMac(KeyRing keys) {
    byte[] handleKey = keys.handleKey();
    this.key = hash(handleKey, PURPOSE);
    KeyRing.wipe(handleKey);
  }

  private static byte[] hash(byte[] key, byte[] bytes) {
    byte[] result = new byte[KeyedHash.LENGTH];
    new KeyedHash(key).hash(bytes, 0, bytes.length, result, 0);
    return result;
  }

  /** The 32 bytes of a note's tag. */
  public byte[] tag(byte[] note) {
    return hash(key, note);
  }

  /** Whether it is the note's tag; takes the same time whichever bytes differ. */
  public boolean verify(byte[] note, byte[] tag) {
    return MessageDigest.isEqual(tag(note), tag);
  }
}
