package org.opendvx.server.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot to take: of one virtual machine, of several in one instant, or of a set of files and
 * folders.
 *
 * @param vm its name, or hypervisor/id
 * @param vms several machines, each as in vm
 * @param paths from the datastore's root, each a file or a folder
 * @param name unique; null: made of the machine's name and the time
 * @param group the machines of a stored group, in one instant
 * @param policy require, try or off: whether the guest must, should or need not hold still; null:
 *     as stored for the machine, else for the group, else try
 * @param stragglers drop or void: what becomes of the others when one of several machines cannot be
 *     what the policy requires; null: as stored for the group, else void
 */
public record SnapshotRequest(
    @Nullable String vm,
    @Nullable List<String> vms,
    @Nullable String group,
    @Nullable List<String> paths,
    @Nullable String name,
    @Nullable Map<String, String> labels,
    @Nullable String policy,
    @Nullable String stragglers) {

  /** Of one machine or of paths. */
  public SnapshotRequest(
      @Nullable String vm,
      @Nullable List<String> paths,
      @Nullable String name,
      @Nullable Map<String, String> labels,
      @Nullable String policy) {
    this(vm, null, null, paths, name, labels, policy, null);
  }
}
