package org.opendvx.core.testing;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Pool;

/** Looks at the bytes of all containers of a pool. */
public final class SealedUnder {
  private static final int FOOTER = 64;
  private static final int ENTRY = 32;

  private SealedUnder() {}

  /** Ids of the data keys that sealed any slot, alive or not. */
  public static Set<Integer> of(Pool pool) {
    Set<Integer> ids = new TreeSet<>();
    ContainerStore store = pool.containers();
    List<Long> containers = new ArrayList<>();
    store.forEach(containers::add);
    for (long container : containers) {
      int length = store.length(container).orElse(0);
      if (length == 0) {
        // Deleted since it was listed.
        continue;
      }
      byte[] bytes = new byte[length];
      store.read(container, 0, length, bytes, 0);
      ByteBuffer view = ByteBuffer.wrap(bytes);
      int footer = length - FOOTER;
      int toc = view.getInt(footer + 16);
      for (int i = 0; i < view.getInt(footer + 20); i++) {
        if (view.getInt(toc + ENTRY * i + 12) > 0) {
          ids.add(view.getInt(view.getInt(toc + ENTRY * i + 8) + 4));
        }
      }
    }
    return ids;
  }
}
