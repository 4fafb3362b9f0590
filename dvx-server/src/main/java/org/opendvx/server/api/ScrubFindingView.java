package org.opendvx.server.api;

import java.time.Instant;

/**
 * A shard that is not what was written.
 *
 * @param offset where in its file the first bad block begins
 * @param what damaged, gone, or not readable
 * @param repaired whether it was written anew
 */
public record ScrubFindingView(
    Instant time,
    int drive,
    String path,
    long container,
    int shard,
    long offset,
    String what,
    boolean repaired) {}
