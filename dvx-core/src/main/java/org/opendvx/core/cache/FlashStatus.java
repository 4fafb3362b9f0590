package org.opendvx.core.cache;

import java.util.List;

/**
 * How a flash cache fares; counters since it was opened.
 *
 * @param mode whether anything is cached
 * @param hits slots handed over and found good
 * @param misses slots asked for that it did not have
 * @param damaged slots that it had and that failed their check
 * @param bytesRead from flash
 * @param bytesWritten to flash
 * @param dropped slots offered while the devices were busy, and not taken
 * @param kept slots written anew because they were read, when their segment was given up
 * @param indexBytes memory of the index
 */
public record FlashStatus(
    Mode mode,
    List<Device> devices,
    long hits,
    long misses,
    long damaged,
    long bytesRead,
    long bytesWritten,
    long dropped,
    long kept,
    long indexBytes) {

  /** What a host can do with its flash. */
  public enum Mode {
    /** At least one device serves. */
    LOCAL,
    /** There are devices, none of which serves: reads come from peers and from the pool. */
    PEER_CACHE
  }

  /** What a device is doing. */
  public enum State {
    /** Reads what it holds. */
    WARMING,
    /** Serves. */
    ACTIVE,
    /** Given up after an error or its disappearance; it is tried again. */
    FAILED
  }

  /**
   * A device.
   *
   * @param reason why it failed, empty otherwise
   * @param capacityBytes that it can hold
   * @param usedBytes in segments that were written
   */
  public record Device(
      String name, State state, String reason, long capacityBytes, long usedBytes) {}
}
