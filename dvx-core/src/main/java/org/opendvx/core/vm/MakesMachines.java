package org.opendvx.core.vm;

import org.opendvx.core.datastore.Datastore;

/**
 * A hypervisor whose machines are not folders with a configuration file on the datastore: it makes
 * a new machine of a restore point by its own means.
 */
public interface MakesMachines {

  /**
   * Makes a new machine with the content of a restore point.
   *
   * @param saved the machine at the cut
   * @throws org.opendvx.core.error.DvxException as {@link VmClone#clone}; what was made so far is
   *     removed again
   */
  VmClone.Cloned make(Datastore datastore, VmDescription saved, VmClone.Request request);
}
