package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * A folder that is to be a drive.
 *
 * @param path on the node, absolute; may be left out for a replacement where only one folder of the
 *     configuration is not in use
 */
public record DriveRequest(@Nullable String path) {}
