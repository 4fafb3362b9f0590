package org.opendvx.core.fuzz;

import java.util.Arrays;

/**
 * What Jazzer calls, with inputs that it makes from what code they reach. The environment's {@code
 * DVX_FUZZ_TARGET} names the target. The first byte of an input says whether checksums are made to
 * fit.
 */
public final class CoverageDriver {
  private static final FuzzTarget TARGET =
      FuzzMain.target(System.getenv().getOrDefault("DVX_FUZZ_TARGET", ""));

  static {
    Quiet.begin();
  }

  private CoverageDriver() {}

  /** Called first, with no time limit: loads the target and what it needs. */
  public static void fuzzerInitialize() throws Exception {
    for (byte[] seed : TARGET.seeds()) {
      TARGET.check(seed);
    }
  }

  /** One input. */
  public static void fuzzerTestOneInput(byte[] data) throws Exception {
    if (data.length == 0) {
      return;
    }
    byte[] input = Arrays.copyOfRange(data, 1, data.length);
    if ((data[0] & 1) != 0) {
      TARGET.repair(input);
    }
    TARGET.check(input);
  }
}
