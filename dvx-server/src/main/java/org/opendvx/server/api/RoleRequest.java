package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * A least-privilege role to make in the virtualisation manager.
 *
 * @param name null for OpenDVX
 */
public record RoleRequest(@Nullable String name) {}
