package org.opendvx.core.vm;

import java.util.List;
import java.util.Map;

/**
 * What a snapshot of a virtual machine must know of it.
 *
 * @param biosUuid SMBIOS UUID, empty when unknown
 * @param instanceUuid the management system's UUID, empty when unknown
 * @param host the hypervisor host's name, empty when unknown
 * @param files paths of its files on our datastore, from the datastore's root with leading slash:
 *     the set that a snapshot freezes (lock and swap files are not in it)
 * @param disks its disks on our datastore
 * @param foreignDisks disks that a snapshot here cannot hold, each with the reason
 * @param configuration path of the file that registers it (.vmx), empty when there is none
 * @param hardware summary: cpus, memory, firmware, guest, networks, as text
 * @param hypervisorSnapshots whether the hypervisor holds snapshots of its own of it
 * @param macs addresses of its network cards, lower case with colons; empty when unknown
 */
public record VmDescription(
    VmRef ref,
    String name,
    PowerState power,
    String host,
    String biosUuid,
    String instanceUuid,
    List<String> files,
    List<VmDisk> disks,
    List<ForeignDisk> foreignDisks,
    String configuration,
    Map<String, String> hardware,
    boolean hypervisorSnapshots,
    List<String> macs) {

  /** A machine whose network cards are not known. */
  public VmDescription(
      VmRef ref,
      String name,
      PowerState power,
      String host,
      String biosUuid,
      String instanceUuid,
      List<String> files,
      List<VmDisk> disks,
      List<ForeignDisk> foreignDisks,
      String configuration,
      Map<String, String> hardware,
      boolean hypervisorSnapshots) {
    this(
        ref,
        name,
        power,
        host,
        biosUuid,
        instanceUuid,
        files,
        disks,
        foreignDisks,
        configuration,
        hardware,
        hypervisorSnapshots,
        List.of());
  }

  /**
   * A disk on our datastore.
   *
   * @param label the hypervisor's name for it, such as {@code Hard disk 1}
   * @param chain paths of the files that make it up, top layer first (descriptor and data)
   * @param capacityBytes its size as the guest sees it
   * @param serial what the guest may see as its serial number, empty when unknown; a bus may show
   *     only the first characters of it, or none
   * @param scsi {@code bus:target:lun} as the hypervisor counts them, empty when unknown
   */
  public record VmDisk(
      String label, List<String> chain, long capacityBytes, String serial, String scsi) {
    /** A disk of which it is not known how the guest sees it. */
    public VmDisk(String label, List<String> chain, long capacityBytes) {
      this(label, chain, capacityBytes, "", "");
    }
  }

  /**
   * A disk out of reach.
   *
   * @param backing where it is, as the hypervisor says it
   */
  public record ForeignDisk(String label, String backing, Reason reason) {
    /** Why it cannot be frozen with the rest. */
    public enum Reason {
      OTHER_DATASTORE,
      RAW_DEVICE,
      MULTI_WRITER,
      UNKNOWN
    }
  }
}
