package org.opendvx.core.erasure;

/**
 * The inner loops over shards. Sources are given as arrays and offsets; {@code length} bytes of
 * each are used, any length. Targets never overlap sources unless they are the same range.
 * Thread-safe.
 */
interface Kernel {
  /** What to call it in a log. */
  String name();

  /** P = sum of the sources, Q = sum of 2^i times source i. */
  void encode(
      byte[][] sources, int[] offsets, int count, byte[] p, int pAt, byte[] q, int qAt, int length);

  /** Target = target + sum of the sources. */
  void add(byte[][] sources, int[] offsets, int count, byte[] target, int targetAt, int length);

  /**
   * Target = factor * (target + sum of 2^i times source i).
   *
   * @param factor 1 to 255
   */
  void addWeighted(
      byte[][] sources,
      int[] offsets,
      int count,
      int factor,
      byte[] target,
      int targetAt,
      int length);
}
