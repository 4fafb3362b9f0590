package org.opendvx.server.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How far fetching ahead for a machine's move has come. Bytes are of chunks, 4 KiB each.
 *
 * @param id rises with every prefetch of this host
 * @param vm connection/id
 * @param name for people
 * @param source the hypervisor host that it comes from; empty when unknown
 * @param state WAITING, LISTING, FETCHING, FOLLOWING (has all that is hot; the machine has yet to
 *     move), DONE, CANCELLED or FAILED
 * @param note what did not go as planned
 * @param announced whether it began before the machine moved
 * @param started when it began
 * @param ended when it ended, null while it runs
 * @param hotBytes found hot so far
 * @param skippedBytes of them here already
 * @param peerBytes of them fetched from other hosts
 * @param poolBytes of them fetched from the pool
 * @param missedBytes of them that could not be had or kept
 * @param transferredBytes sealed bytes of what was fetched
 * @param usedBytes of what was fetched and then read here, estimated
 */
public record PrefetchView(
    long id,
    String vm,
    String name,
    String source,
    String state,
    String note,
    boolean announced,
    Instant started,
    @Nullable Instant ended,
    long hotBytes,
    long skippedBytes,
    long peerBytes,
    long poolBytes,
    long missedBytes,
    long transferredBytes,
    long usedBytes) {}
