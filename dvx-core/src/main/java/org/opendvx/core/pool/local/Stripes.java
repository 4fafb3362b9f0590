package org.opendvx.core.pool.local;

import java.util.Arrays;

/** Monitors for ids: few, shared by chance, always the same for one id. */
final class Stripes {
  private static final int COUNT = 256;

  private final Object[] monitors = new Object[COUNT];

  Stripes() {
    Arrays.setAll(monitors, _ -> new Object());
  }

  Object of(long id) {
    return monitors[Long.hashCode(id) & (COUNT - 1)];
  }
}
