package org.opendvx.server.wiring;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cache.FlashCache;
import org.opendvx.core.cache.FlashFile;
import org.opendvx.core.cache.FlashSettings;
import org.opendvx.core.cache.FlashStatus;
import org.opendvx.core.log.SlotSource;
import org.opendvx.server.config.FlashSection;

/** The flash cache of a configuration, which may be none. */
final class FlashTier implements AutoCloseable {
  private final @Nullable FlashCache cache;

  private FlashTier(@Nullable FlashCache cache) {
    this.cache = cache;
  }

  /** Opens the cache of a pool; devices that are missing are waited for in the background. */
  static FlashTier open(FlashSection section, UUID pool) {
    if (section.devices().isEmpty()) {
      return new FlashTier(null);
    }
    long capacity = section.capacity().bytes();
    return new FlashTier(
        new FlashCache(
            pool,
            FlashSettings.of(
                section.devices().stream()
                    .map(
                        path ->
                            new FlashSettings.Device(
                                path.toString(), () -> FlashFile.open(path, capacity)))
                    .toList(),
                section.indexMemory().bytes())));
  }

  @Nullable FlashCache cache() {
    return cache;
  }

  /** What the log asks before the pool. */
  List<SlotSource> sources() {
    return cache == null ? List.of() : List.of(cache);
  }

  /** What does not work, for people. */
  static List<String> warnings(@Nullable FlashCache cache) {
    if (cache == null) {
      return List.of();
    }
    FlashStatus status = cache.status();
    List<String> warnings = new ArrayList<>();
    if (status.mode() == FlashStatus.Mode.PEER_CACHE) {
      warnings.add("peer cache mode: no flash device works, reads come from farther away");
    }
    for (FlashStatus.Device device : status.devices()) {
      if (device.state() == FlashStatus.State.FAILED) {
        warnings.add("the flash device " + device.name() + " is not used: " + device.reason());
      }
    }
    return warnings;
  }

  @Override
  public void close() {
    if (cache != null) {
      cache.close();
    }
  }
}
