package org.opendvx.core.vm;

import org.opendvx.core.datastore.Datastore;

/** A hypervisor whose machines can become machines of another one, and the other way round. */
public interface ConvertsMachines {

  /** What its machines are, in words: {@code rhv} or {@code vsphere}. */
  String machineKind();

  /**
   * Reads a saved machine of this hypervisor; nothing is changed.
   *
   * @throws org.opendvx.core.error.DvxException UNSUPPORTED when a disk has layers or another form,
   *     or when the machine is encrypted
   */
  MachinePlan plan(Datastore datastore, VmDescription saved, RestorePoint point);

  /**
   * Makes a machine whose disks share the content of the plan's.
   *
   * @throws org.opendvx.core.error.DvxException EXISTS; what was made so far is removed again
   */
  VmClone.Cloned adopt(Datastore datastore, MachinePlan plan, VmConvert.Request request);
}
