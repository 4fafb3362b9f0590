package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * A disk to make of one in a snapshot.
 *
 * @param snapshot name or id
 * @param disk its label in the snapshot
 * @param alias name of the new disk
 */
public record DiskRequest(
    @Nullable String snapshot, @Nullable String disk, @Nullable String alias) {}
