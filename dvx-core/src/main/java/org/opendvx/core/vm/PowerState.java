package org.opendvx.core.vm;

/** Whether a virtual machine runs. */
public enum PowerState {
  ON,
  OFF,
  SUSPENDED,
  /** Between states, or the hypervisor does not say. */
  UNKNOWN
}
