package org.opendvx.server.api;

/**
 * A hypervisor host.
 *
 * @param mounted whether it has the datastore
 */
public record HostView(String name, String address, boolean connected, boolean mounted) {}
