package org.opendvx.core.log;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The containers that are in memory only. Few, so that a scan of an array that is replaced on
 * change beats a map. Thread-safe.
 */
final class LiveContainers {
  private volatile OpenContainer[] containers = new OpenContainer[0];

  synchronized void add(OpenContainer container) {
    OpenContainer[] more = Arrays.copyOf(containers, containers.length + 1);
    more[containers.length] = container;
    containers = more;
  }

  synchronized void remove(OpenContainer container) {
    containers =
        Arrays.stream(containers)
            .filter(other -> other.id() != container.id())
            .toArray(OpenContainer[]::new);
  }

  @Nullable OpenContainer find(long id) {
    for (OpenContainer container : containers) {
      if (container.id() == id) {
        return container;
      }
    }
    return null;
  }

  /** All of them now; not to be changed. */
  OpenContainer[] all() {
    return containers;
  }
}
