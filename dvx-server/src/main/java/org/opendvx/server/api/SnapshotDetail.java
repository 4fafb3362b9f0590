package org.opendvx.server.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A restore point with its files.
 *
 * @param members at most 10,000
 * @param document what is kept of the machine, as JSON; null when there is none
 */
public record SnapshotDetail(
    SnapshotView snapshot, List<MemberView> members, @Nullable Object document) {}
