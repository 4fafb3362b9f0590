package org.opendvx.server.api;

import java.util.List;

/**
 * Machines that are snapshotted in one instant.
 *
 * @param vms each as hypervisor/id
 * @param policy require, try or off: for those that have none of their own
 * @param stragglers drop or void
 */
public record GroupView(String name, List<String> vms, String policy, String stragglers) {}
