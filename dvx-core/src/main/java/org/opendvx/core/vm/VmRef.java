package org.opendvx.core.vm;

/**
 * Names a virtual machine.
 *
 * @param hypervisor name of the configured connection, such as {@code vcenter1}
 * @param id the id by which that system knows it (a vSphere managed object id, an oVirt UUID)
 */
public record VmRef(String hypervisor, String id) {
  @Override
  public String toString() {
    return hypervisor + "/" + id;
  }
}
