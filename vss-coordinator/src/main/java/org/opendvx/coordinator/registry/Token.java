package org.opendvx.coordinator.registry;

import java.time.Instant;

/**
 * A one-time token; only its secret's hash is kept.
 *
 * @param vm {@code hypervisor/id} of the machine that it is for
 */
public record Token(String hash, String vm, Instant created, Instant expires, String by) {}
