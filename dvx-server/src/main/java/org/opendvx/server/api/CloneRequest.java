package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * A new machine to make from a restore point.
 *
 * @param snapshot name or id
 * @param name of the new machine
 */
public record CloneRequest(@Nullable String snapshot, @Nullable String name, boolean powerOn) {}
