package org.opendvx.core.vm;

import java.util.List;

/**
 * Facts that a hypervisor can pass into one machine, and that machine alone can read: the proof of
 * where an agent runs. Calls block, and fail with {@link org.opendvx.core.error.DvxException}.
 */
public interface GuestInfo {

  /** Name of the property for a nonce, as the guest asks for it. */
  String property();

  /** Sets the property on a running machine; done when the guest can read it. */
  void set(VmRef vm, String value);

  /**
   * Machines with a BIOS UUID.
   *
   * @param uuid with hyphens, lower case, in the management system's byte order
   */
  List<VmRef> byBiosUuid(String uuid);
}
