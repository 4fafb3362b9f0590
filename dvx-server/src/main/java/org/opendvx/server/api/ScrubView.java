package org.opendvx.server.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The scrub that runs, or the last one.
 *
 * @param running whether one does
 * @param total containers
 * @param done of them
 * @param bytes that it read
 * @param started when it began, null when there was none
 * @param finished when the last complete one ended, null when there was none
 * @param found bad shards
 * @param repaired of them
 * @param findings the last ones since the node was started
 */
public record ScrubView(
    boolean running,
    long total,
    long done,
    long bytes,
    @Nullable Instant started,
    @Nullable Instant finished,
    long found,
    long repaired,
    List<ScrubFindingView> findings) {}
