package org.opendvx.server.api;

/**
 * A connection to a virtualisation manager.
 *
 * @param kind vcenter
 * @param certificateSha256 the pinned certificate, empty when the system's authorities decide
 * @param source file (named by the configuration file) or store (added while running)
 * @param state CONNECTED, CONNECTING or FAILED
 * @param problem why it failed, empty when it did not
 */
public record HypervisorView(
    String name,
    String kind,
    String url,
    String user,
    String certificateSha256,
    String source,
    String state,
    String problem) {}
