package org.opendvx.core.vm;

/**
 * A virtual machine in a list.
 *
 * @param host name of the hypervisor host that it is on, empty when unknown
 * @param onDatastore whether at least one of its files is on our datastore
 */
public record VmSummary(
    VmRef ref, String name, PowerState power, String host, boolean onDatastore) {}
