package org.opendvx.server.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which hosts are to mount or unmount the datastore.
 *
 * @param hosts names; null or empty for all
 * @param server name or address under which the hosts reach this node; null: where NFS listens
 * @param export path of the export; null: the first one
 * @param localPath for simulators, which mount a local folder; null else
 */
public record MountRequest(
    @Nullable List<String> hosts,
    @Nullable String server,
    @Nullable String export,
    @Nullable String localPath) {}
