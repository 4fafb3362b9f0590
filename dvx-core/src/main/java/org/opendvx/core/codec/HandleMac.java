package org.opendvx.core.codec;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Objects;

/**
 * Tags that prove that this pool made a file handle: HMAC-SHA-256 under the handle key, cut to 128
 * bits. Thread-safe.
 */
public final class HandleMac {
  /** Bytes of a tag. */
  public static final int LENGTH = 16;

  private final Loan<Workbench> workbenches;

  /** Tags under the ring's handle key. */
  public HandleMac(KeyRing keys) {
    byte[] key = keys.handleKey();
    this.workbenches = new Loan<>(() -> new Workbench(key));
  }

  /** Writes the 16 byte tag of a range to the target. */
  public void tag(byte[] source, int offset, int length, byte[] target, int targetOffset) {
    Objects.checkFromIndexSize(targetOffset, LENGTH, target.length);
    Workbench bench = workbenches.take();
    try {
      bench.hash.hash(source, offset, length, bench.result, 0);
      System.arraycopy(bench.result, 0, target, targetOffset, LENGTH);
    } finally {
      workbenches.giveBack(bench);
    }
  }

  /**
   * Whether the 16 bytes at {@code tagOffset} are the tag of a range; takes the same time whichever
   * of them differ.
   */
  public boolean verify(byte[] source, int offset, int length, byte[] tags, int tagOffset) {
    byte[] expected = new byte[LENGTH];
    tag(source, offset, length, expected, 0);
    byte[] given = Arrays.copyOfRange(tags, tagOffset, tagOffset + LENGTH);
    return MessageDigest.isEqual(expected, given);
  }

  private static final class Workbench {
    private final KeyedHash hash;
    private final byte[] result = new byte[KeyedHash.LENGTH];

    Workbench(byte[] key) {
      this.hash = new KeyedHash(key);
    }
  }
}
