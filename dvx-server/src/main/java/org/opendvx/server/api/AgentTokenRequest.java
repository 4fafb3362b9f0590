package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * A one-time token to make for the agent of a machine.
 *
 * @param vm its name, or hypervisor/id
 * @param lifeSeconds 60 to 86400; null for an hour
 */
public record AgentTokenRequest(@Nullable String vm, @Nullable Long lifeSeconds) {}
