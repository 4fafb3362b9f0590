package org.opendvx.server.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The cleaner: what it did since the node started, and what it knows. Bytes.
 *
 * @param state OFF, IDLE, WORKING, FAILING (it tries again), REFUSING (it may not clean this pool)
 *     or ELSEWHERE (another host cleans it)
 * @param trouble why the last round failed, or which host cleans; null while all is well
 * @param troubleSince since when rounds have failed; null while all is well
 * @param failures rounds that failed
 * @param writtenBytes written to move what was alive
 * @param freedBytes deleted less written
 * @param reclaimableBytes garbage, as the last walk estimated it; null before the first
 * @param liveBytes alive in what it looked at
 * @param condemnedContainers being cleaned
 * @param stuckContainers that cannot be cleaned now
 * @param movedContainers whose slots are elsewhere than their addresses say
 * @param walkedNodes visited by the last walk
 * @param walkSeconds that the last round took
 * @param waitingWrites that wait for room now
 * @param stuck some of those that cannot be cleaned
 */
public record CleanerView(
    String state,
    @Nullable String trouble,
    @Nullable Instant troubleSince,
    long rounds,
    long failures,
    long deletedContainers,
    long deletedBytes,
    long writtenBytes,
    long freedBytes,
    @Nullable Long reclaimableBytes,
    long liveBytes,
    int condemnedContainers,
    int stuckContainers,
    int movedContainers,
    long walkedNodes,
    double walkSeconds,
    int waitingWrites,
    List<StuckView> stuck) {}
