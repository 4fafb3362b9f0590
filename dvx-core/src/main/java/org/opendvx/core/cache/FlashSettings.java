package org.opendvx.core.cache;

import java.time.Duration;
import java.util.List;

/**
 * How a flash cache is set up.
 *
 * @param devices one or more
 * @param indexBytes memory for the index; a slot takes 8 bytes, and what does not fit is forgotten
 * @param segmentBytes written at once; a multiple of 4 KiB, 64 KiB to 4 MiB
 * @param retry how long a device that failed is left alone at first
 */
public record FlashSettings(
    List<Device> devices, long indexBytes, int segmentBytes, Duration retry) {
  private static final int LEAST_SEGMENT = 64 << 10;

  /**
   * A device.
   *
   * @param name for people
   */
  public record Device(String name, FlashDevice.Opener opener) {}

  /** Checks the numbers. */
  public FlashSettings {
    devices = List.copyOf(devices);
    if (devices.isEmpty()
        || devices.size() > 256
        || segmentBytes < LEAST_SEGMENT
        || segmentBytes > FlashIndex.MOST_SEGMENT_BYTES
        || segmentBytes % 4096 != 0) {
      throw new IllegalArgumentException("no settings for a flash cache");
    }
  }

  /** With segments of 4 MiB; a device that failed is tried again after 5 s at first. */
  public static FlashSettings of(List<Device> devices, long indexBytes) {
    return new FlashSettings(
        devices, indexBytes, FlashIndex.MOST_SEGMENT_BYTES, Duration.ofSeconds(5));
  }
}
