package org.opendvx.server.api;

/**
 * A restore point that was just taken, and what the cut cost.
 *
 * @param heldNanos how long the node held writes
 * @param totalNanos from the cut's begin until it was durable
 */
public record SnapshotTaken(SnapshotView snapshot, long heldNanos, long totalNanos) {}
