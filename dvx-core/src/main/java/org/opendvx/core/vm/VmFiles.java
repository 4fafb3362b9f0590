package org.opendvx.core.vm;

import java.util.Map;
import java.util.Optional;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;

/** Which files of a datastore make up a machine. Blocks. Thread-safe. */
public final class VmFiles {
  private final DatastorePaths paths;
  private final VmFileSet files;

  /** Those of a datastore. */
  public VmFiles(Datastore datastore) {
    this.paths = new DatastorePaths(datastore);
    this.files = new VmFileSet(paths);
  }

  /** The file or directory at a path, empty when there is none. */
  public Optional<FileKey> find(String path) {
    return paths.find(path);
  }

  /** The path of the directory in which a file lies, empty for the datastore's root. */
  public static String directory(String path) {
    return DatastorePaths.parent(path);
  }

  /** The last part of a path. */
  public static String name(String path) {
    return DatastorePaths.name(path);
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
