package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * A least-privilege role to make in the virtualisation manager.
 *
 * @param name null for OpenDVX
 * @param user who shall have it everywhere, null for nobody yet
 */
public record RoleRequest(@Nullable String name, @Nullable String user) {}
