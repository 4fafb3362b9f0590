package org.opendvx.server.api;

/**
 * What became of one host.
 *
 * @param outcome DONE, ALREADY, REFUSED or FAILED
 * @param reason why and what to do, empty unless it failed
 */
public record HostOutcome(String host, String outcome, String reason) {}
