package org.opendvx.server.api;

import java.util.List;

/**
 * The drives of the pool.
 *
 * @param health HEALTHY, DEGRADED or FAILED
 * @param generation rises whenever the set of active drives changes
 * @param rawBytes of all active drives
 * @param usableBytes what of it can hold data after parity and journal
 * @param reserveBytes part of free that is kept for deleting and for checkpoints
 */
public record DrivesView(
    String health,
    String summary,
    int toleratedLosses,
    long generation,
    long rawBytes,
    long usableBytes,
    long freeBytes,
    long reserveBytes,
    long containers,
    long degradedContainers,
    List<DriveView> drives) {}
