package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * A machine to bring back to a restore point, in place.
 *
 * @param vm its name or hypervisor/id; null: the machine that the snapshot was taken of
 * @param snapshot name or id
 * @param powerOff whether a running machine may be powered off first
 * @param powerOn whether it is powered on afterwards
 */
public record RestoreRequest(
    @Nullable String vm, @Nullable String snapshot, boolean powerOff, boolean powerOn) {}
