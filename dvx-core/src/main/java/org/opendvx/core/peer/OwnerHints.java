package org.opendvx.core.peer;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.log.ChunkAddress;

/**
 * Which host had a container's chunks last, as far as is known: where files came from. A table of
 * fixed size in which a newer container drives out an older one. Thread-safe.
 */
final class OwnerHints {
  private static final int SLOTS = 1 << 16;
  private static final int HOST_BITS = 8;
  private static final int MOST_HOSTS = (1 << HOST_BITS) - 1;

  /** Container id in the upper bits, number of the host + 1 in the lower ones; 0 is free. */
  private final long[] table = new long[SLOTS];

  private final List<String> hosts = new ArrayList<>();

  synchronized void note(long[] addresses, int count, String host) {
    int number = hosts.indexOf(host);
    if (number < 0) {
      if (hosts.size() == MOST_HOSTS) {
        return;
      }
      hosts.add(host);
      number = hosts.size() - 1;
    }
    long last = -1;
    for (int i = 0; i < count; i++) {
      long container = ChunkAddress.container(addresses[i]);
      if (container != last && addresses[i] != ChunkAddress.HOLE) {
        table[slot(container)] = container << HOST_BITS | (number + 1);
        last = container;
      }
    }
  }

  synchronized @Nullable String find(long address) {
    long container = ChunkAddress.container(address);
    long entry = table[slot(container)];
    return entry == 0 || entry >>> HOST_BITS != container
        ? null
        : hosts.get((int) (entry & MOST_HOSTS) - 1);
  }

  static long bytes() {
    return (long) SLOTS * Long.BYTES;
  }

  private static int slot(long container) {
    return (int) ((container * 0x9E3779B97F4A7C15L) >>> 48);
  }
}
