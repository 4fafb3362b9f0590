package org.opendvx.server.api;

/**
 * What pruning did.
 *
 * @param deleted snapshots that were deleted, or would be
 * @param kept snapshots that were meant too but were among the newest
 */
public record PruneView(int deleted, int kept) {}
