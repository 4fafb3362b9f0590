package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * Asks to fetch ahead for a machine, as if it moved to this host.
 *
 * @param vm its name, connection/id, or a folder of the datastore with a slash in front
 * @param from the host, or hypervisor host, that it comes from; empty when that is dead
 * @param announced whether it has yet to move
 */
public record PrefetchRequest(@Nullable String vm, @Nullable String from, boolean announced) {}
