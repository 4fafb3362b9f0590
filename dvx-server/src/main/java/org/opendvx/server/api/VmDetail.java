package org.opendvx.server.api;

import java.util.List;
import java.util.Map;

/**
 * A virtual machine.
 *
 * @param foreignDisks disks that a snapshot here cannot hold
 * @param hypervisorSnapshots whether the hypervisor holds snapshots of its own of it
 */
public record VmDetail(
    String hypervisor,
    String id,
    String name,
    String power,
    String host,
    String biosUuid,
    String instanceUuid,
    String configuration,
    List<String> files,
    List<DiskView> disks,
    List<ForeignDiskView> foreignDisks,
    Map<String, String> hardware,
    boolean hypervisorSnapshots) {}
