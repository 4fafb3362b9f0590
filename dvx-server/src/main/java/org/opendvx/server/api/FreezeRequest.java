package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * Whether the manager may freeze a machine for a snapshot.
 *
 * @param vm its name or id
 * @param allowed null stands for false
 */
public record FreezeRequest(@Nullable String vm, @Nullable Boolean allowed) {}
