package org.opendvx.core.clean;

/**
 * What the cleaner did since it was started, and what it knows.
 *
 * @param rounds ended
 * @param failures rounds that failed; they are tried again
 * @param deletedContainers containers given back
 * @param deletedBytes bytes of them
 * @param movedSlots live slots copied
 * @param writtenBytes bytes of the containers that they were copied to
 * @param reclaimableBytes garbage, as the last walk estimated it; -1 before the first
 * @param liveBytes bytes of the containers that it looked at which are alive
 * @param condemnedContainers being cleaned
 * @param stuckContainers that cannot be cleaned, since something in them cannot be read
 * @param movedContainers containers whose slots are elsewhere than their addresses say
 * @param walkedNodes nodes visited by the last walk
 * @param walkSeconds that it took
 */
public record CleanerStatus(
    long rounds,
    long failures,
    long deletedContainers,
    long deletedBytes,
    long movedSlots,
    long writtenBytes,
    long reclaimableBytes,
    long liveBytes,
    int condemnedContainers,
    int stuckContainers,
    int movedContainers,
    long walkedNodes,
    double walkSeconds) {

  /** Bytes that came back. */
  public long freedBytes() {
    return deletedBytes - writtenBytes;
  }
}
