package org.opendvx.rhv.quiesce;

import org.opendvx.core.vm.VmRef;

/**
 * A way to thaw a guest that does not go through the engine, such as vdsm's or libvirt's own
 * command on its host. Tried when the engine has not thawed it for five seconds, and at once when
 * it refuses because the machine migrates.
 */
@FunctionalInterface
public interface OtherThaw {
  /** There is none. */
  OtherThaw NONE = (_, _) -> false;

  /**
   * Tries, for a few seconds at the most; never throws.
   *
   * @param host name of the host that it was on when it was frozen, empty when unknown
   * @return whether the guest is thawed for certain
   */
  boolean thaw(VmRef vm, String host);
}
