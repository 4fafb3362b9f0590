package org.opendvx.server.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which snapshots to delete; at least one of the first five is given.
 *
 * @param name text within the name
 * @param vm the machine's name, or hypervisor/id
 * @param labels that they have
 * @param since the earliest moment, as in ISO 8601
 * @param until the moment before which they were taken
 * @param keep so many of the newest of them stay
 * @param dryRun only counts them
 */
public record PruneRequest(
    @Nullable String name,
    @Nullable String vm,
    @Nullable Map<String, String> labels,
    @Nullable String since,
    @Nullable String until,
    int keep,
    boolean dryRun) {}
