package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * A machine to make of one of another hypervisor.
 *
 * @param source a snapshot, or a machine that is off: its name or id
 * @param to {@code rhv} or {@code vsphere}
 * @param connection where to make it; none: the only one of that kind
 * @param name of the new machine
 * @param network that its network cards are put on; none: the one of the same name
 * @param macs {@code keep} or {@code new}; none: new
 */
public record ConvertRequest(
    @Nullable String source,
    @Nullable String to,
    @Nullable String connection,
    @Nullable String name,
    @Nullable String network,
    @Nullable String macs,
    boolean powerOn) {}
