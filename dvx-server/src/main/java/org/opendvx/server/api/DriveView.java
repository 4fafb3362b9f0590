package org.opendvx.server.api;

/**
 * One drive. Where it is one of a data node, only the data node tells what comes after the shards.
 *
 * @param state ACTIVE, EVICTED or MISSING
 * @param reason why it is not active, empty when it is
 * @param leaving whether it is being emptied, to be removed
 * @param suspected whether it has been much slower than the others for long
 * @param note what is the matter with it though it is active, empty when nothing is
 * @param readErrors reads that failed since it was taken into use
 * @param badShards shards found damaged or gone since then
 * @param meanMicros mean time of its answers lately
 */
public record DriveView(
    int index,
    String id,
    String path,
    String state,
    String reason,
    long totalBytes,
    long usedBytes,
    long shards,
    boolean leaving,
    boolean suspected,
    String note,
    long readErrors,
    long badShards,
    long meanMicros) {}
