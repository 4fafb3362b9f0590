package org.opendvx.server.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Work on the drives that goes on in the background.
 *
 * @param phase IDLE, WAITING, RUNNING or STUCK
 * @param total containers for a rebuild, bytes for a rebalance
 * @param done of them
 * @param bytes read and written for it
 * @param started when it began, null when it does not run
 * @param reason what it waits for, or what keeps it from going on; empty when nothing does
 */
public record DriveWorkView(
    String phase, long total, long done, long bytes, @Nullable Instant started, String reason) {}
