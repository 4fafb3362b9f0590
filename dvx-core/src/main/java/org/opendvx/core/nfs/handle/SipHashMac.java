package org.opendvx.core.nfs.handle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The tag as SipHash-2-4-128 of the three words. A forger without the 128-bit key guesses a tag
 * with probability 2^-128; some 30 ns a handle, where HMAC-SHA-256 takes ten times that.
 */
public final class SipHashMac implements HandleMac {
  private static final int MESSAGE = 24;

  private final long key0;
  private final long key1;

  /**
   * Takes a copy of the key.
   *
   * @param key 16 secret random bytes
   */
  public SipHashMac(byte[] key) {
    if (key.length != 16) {
      throw new IllegalArgumentException("a handle key has 16 bytes");
    }
    ByteBuffer words = ByteBuffer.wrap(key).order(ByteOrder.LITTLE_ENDIAN);
    this.key0 = words.getLong();
    this.key1 = words.getLong();
  }

  @Override
  public Tag tag(long head, long snapshot, long file) {
    return new SipHash(key0, key1).word(head).word(snapshot).word(file).last(MESSAGE);
  }
}
