package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * A policy to store for a machine's snapshots.
 *
 * @param vm its name, or hypervisor/id
 * @param policy require, try or off; null forgets what is stored
 */
public record PolicyRequest(@Nullable String vm, @Nullable String policy) {}
