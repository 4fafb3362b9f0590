package org.opendvx.server.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The drives of the pool.
 *
 * @param health HEALTHY, DEGRADED or FAILED
 * @param generation rises whenever the set of active drives changes
 * @param rawBytes of all active drives
 * @param usableBytes what of it can hold data after parity and journal
 * @param effectiveBytes what of clients' data that holds, at the reduction reached so far; null at
 *     a data node, where only sealed bytes are known
 * @param reserveBytes part of free that is kept for deleting and for checkpoints
 * @param rebuild writing elsewhere what lost drives had, and emptying drives; null where the drives
 *     are those of a data node, which tells it
 * @param balance moving shards to emptier drives; null likewise
 * @param scrub reading everything; null likewise
 */
public record DrivesView(
    String health,
    String summary,
    int toleratedLosses,
    long generation,
    long rawBytes,
    long usableBytes,
    @Nullable Long effectiveBytes,
    long freeBytes,
    long reserveBytes,
    long containers,
    long degradedContainers,
    List<DriveView> drives,
    @Nullable DriveWorkView rebuild,
    @Nullable DriveWorkView balance,
    @Nullable ScrubView scrub) {}
