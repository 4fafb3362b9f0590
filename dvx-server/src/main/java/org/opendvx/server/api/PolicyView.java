package org.opendvx.server.api;

/**
 * What is stored for the snapshots of one machine.
 *
 * @param vm hypervisor/id
 * @param policy require, try or off
 */
public record PolicyView(String vm, String policy) {}
