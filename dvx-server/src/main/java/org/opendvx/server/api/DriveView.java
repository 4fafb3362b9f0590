package org.opendvx.server.api;

/**
 * One drive.
 *
 * @param state ACTIVE, EVICTED or MISSING
 * @param reason why it is not active, empty when it is
 */
public record DriveView(
    int index,
    String id,
    String path,
    String state,
    String reason,
    long totalBytes,
    long usedBytes,
    long shards) {}
