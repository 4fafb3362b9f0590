package org.opendvx.core.clean;

/**
 * What one round did.
 *
 * @param deletedContainers containers given back
 * @param deletedBytes bytes of them
 * @param movedSlots live slots copied
 * @param writtenBytes bytes of the containers that they were copied to
 * @param walkedNodes nodes visited
 * @param walkedAll whether the walk left nothing out
 * @param chosen containers that the next round is going to condemn
 * @param garbageBytes as estimated by the walk
 */
public record RoundReport(
    int deletedContainers,
    long deletedBytes,
    long movedSlots,
    long writtenBytes,
    long walkedNodes,
    boolean walkedAll,
    int chosen,
    long garbageBytes) {

  /** Bytes that came back. */
  public long freedBytes() {
    return deletedBytes - writtenBytes;
  }
}
