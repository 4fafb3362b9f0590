package org.opendvx.server.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot to take: of one virtual machine, or of a set of files and folders.
 *
 * @param vm its name, or hypervisor/id
 * @param paths from the datastore's root, each a file or a folder
 * @param name unique; null: made of the machine's name and the time
 * @param policy require, try or off: whether the guest must, should or need not hold still
 */
public record SnapshotRequest(
    @Nullable String vm,
    @Nullable List<String> paths,
    @Nullable String name,
    @Nullable Map<String, String> labels,
    @Nullable String policy) {}
