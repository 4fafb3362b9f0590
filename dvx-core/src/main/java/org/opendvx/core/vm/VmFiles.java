package org.opendvx.core.vm;

import java.util.Map;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;

/** Which files of a datastore make up a machine. Blocks. Thread-safe. */
public final class VmFiles {
  private final VmFileSet files;

  /** Those of a datastore. */
  public VmFiles(Datastore datastore) {
    this.files = new VmFileSet(new DatastorePaths(datastore));
  }

  /**
   * Finds a machine's files: key by path, in order of path.
   *
   * @throws org.opendvx.core.error.DvxException NOT_FOUND when a disk's file is not there
   */
  public Map<String, FileKey> of(VmDescription vm) {
    return files.resolve(vm);
  }
}
