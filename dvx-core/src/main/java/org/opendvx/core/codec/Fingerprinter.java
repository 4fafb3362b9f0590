package org.opendvx.core.codec;

import java.util.Objects;

/**
 * Fingerprints chunks: HMAC-SHA-256 under the pool's fingerprint key, cut to 128 bits. The key
 * keeps an outsider from learning by fingerprint whether known content is stored. Thread-safe.
 */
public final class Fingerprinter {
  private final Loan<Workbench> workbenches;

  /** Fingerprints under the ring's fingerprint key. */
  public Fingerprinter(KeyRing keys) {
    byte[] key = keys.fingerprintKey();
    this.workbenches = new Loan<>(() -> new Workbench(key));
  }

  /**
   * Fingerprints a range without allocating.
   *
   * @param target receives high and low at {@code index} and {@code index + 1}
   */
  public void fingerprint(byte[] plain, int offset, int length, long[] target, int index) {
    Objects.checkFromIndexSize(index, 2, target.length);
    Workbench bench = workbenches.take();
    try {
      bench.hash.hash(plain, offset, length, bench.result, 0);
      target[index] = Bytes.getLong(bench.result, 0);
      target[index + 1] = Bytes.getLong(bench.result, 8);
    } finally {
      workbenches.giveBack(bench);
    }
  }

  /** Fingerprints a range. */
  public Fingerprint fingerprint(byte[] plain, int offset, int length) {
    long[] parts = new long[2];
    fingerprint(plain, offset, length, parts, 0);
    return new Fingerprint(parts[0], parts[1]);
  }

  private static final class Workbench {
    private final KeyedHash hash;
    private final byte[] result = new byte[KeyedHash.LENGTH];

    Workbench(byte[] key) {
      this.hash = new KeyedHash(key);
    }
  }
}
