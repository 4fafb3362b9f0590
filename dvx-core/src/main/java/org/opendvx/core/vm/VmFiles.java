package org.opendvx.core.vm;

import java.util.List;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;

/** The files of machines, as a hypervisor knows them. Blocks; thread-safe. */
public final class VmFiles {
  private final Hypervisor hypervisor;
  private final VmFileSet files;

  /** Those of one hypervisor connection. */
  public VmFiles(Hypervisor hypervisor, Datastore datastore) {
    this.hypervisor = hypervisor;
    this.files = new VmFileSet(new DatastorePaths(datastore));
  }

  /**
   * The files of a machine.
   *
   * @throws DvxException NOT_FOUND when it has none here, or what the hypervisor says
   */
  public List<FileKey> of(VmRef vm) {
    return List.copyOf(files.resolve(hypervisor.describe(vm)).values());
  }
}
