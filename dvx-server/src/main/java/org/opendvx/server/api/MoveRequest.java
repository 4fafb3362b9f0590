package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * Asks for a machine's files to move to a host, as they do when the machine moves.
 *
 * @param vm its name, connection/id, or a folder of the datastore with a slash in front
 * @param to name of the host
 */
public record MoveRequest(@Nullable String vm, @Nullable String to) {}
