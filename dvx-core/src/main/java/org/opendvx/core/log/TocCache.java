package org.opendvx.core.log;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;

/** Tables of contents in memory, by physical container, bounded in bytes. Thread-safe. */
final class TocCache {
  private final Cache<Long, Toc> cache;

  TocCache(long bytes) {
    this.cache =
        Caffeine.newBuilder()
            .maximumWeight(bytes)
            .weigher((Long _, Toc toc) -> toc.weight())
            .executor(Runnable::run)
            .build();
  }

  @Nullable Toc get(long container) {
    return cache.getIfPresent(container);
  }

  void put(Toc toc) {
    cache.put(toc.container(), toc);
  }

  void forget(long container) {
    cache.invalidate(container);
  }
}
