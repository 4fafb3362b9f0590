package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * A token to make.
 *
 * @param role viewer, operator or admin
 * @param lifeSeconds null for one that does not expire
 */
public record TokenRequest(
    @Nullable String name, @Nullable String role, @Nullable Long lifeSeconds) {}
