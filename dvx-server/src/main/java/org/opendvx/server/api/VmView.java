package org.opendvx.server.api;

/**
 * A virtual machine in a list.
 *
 * @param power ON, OFF, SUSPENDED or UNKNOWN
 * @param host empty when unknown
 * @param onDatastore whether any of its files is on the datastore
 */
public record VmView(
    String hypervisor, String id, String name, String power, String host, boolean onDatastore) {}
