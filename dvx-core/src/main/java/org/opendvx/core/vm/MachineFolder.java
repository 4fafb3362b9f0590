package org.opendvx.core.vm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * A new folder of the datastore's root for a machine's files, which belong to the root's owner.
 * Blocks; for one thread.
 */
public final class MachineFolder {
  private static final int FILE_MODE = 0600;

  private final Datastore datastore;
  private final DatastorePaths paths;
  private final String name;
  private final Attributes like;
  private final FileKey directory;

  private MachineFolder(Datastore datastore, String name) {
    this.datastore = datastore;
    this.paths = new DatastorePaths(datastore);
    this.name = name;
    this.like = paths.attributes(FileKey.ROOT, "/");
    if (paths.find(path()).isPresent()) {
      throw DvxException.of(Kind.EXISTS, "There is a folder " + path() + " already")
          .cause("A machine or a folder of that name exists on the datastore")
          .remedy("Choose another name")
          .build();
    }
    this.directory = paths.makeDirectory(FileKey.ROOT, name, path(), like);
  }

  /**
   * A disk's data.
   *
   * @param bytes the new file's size; more than the content has is zeros
   */
  public record Data(FileKey content, long bytes) {}

  /**
   * Makes the folder with these files, or nothing.
   *
   * @param data by file name: made without copying
   * @param texts by file name
   * @throws DvxException EXISTS
   */
  public static MachineFolder make(
      Datastore datastore, String name, Map<String, Data> data, Map<String, byte[]> texts) {
    MachineFolder folder = new MachineFolder(datastore, name);
    try {
      folder.share(new LinkedHashMap<>(data));
      texts.forEach(folder::text);
      return folder;
    } catch (DvxException e) {
      folder.removeBecause(e);
      throw e;
    }
  }

  /** Its path from the datastore's root. */
  public String path() {
    return "/" + name;
  }

  /** Removes it after something failed; what cannot be removed is told with that failure. */
  public void removeBecause(DvxException failure) {
    try {
      paths.removeTree(FileKey.ROOT, name, directory, path());
    } catch (DvxException e) {
      failure.addSuppressed(e);
    }
  }

  private void share(Map<String, Data> data) {
    List<Snapshots.CloneFile> clones = new ArrayList<>();
    data.forEach(
        (file, each) ->
            clones.add(
                new Snapshots.CloneFile(each.content(), directory, DatastorePaths.bytes(file))));
    List<FileKey> made =
        paths.done("clone into", path(), datastore.snapshots().clone(Caller.SYSTEM, clones));
    int at = 0;
    for (Map.Entry<String, Data> each : data.entrySet()) {
      String file = path() + "/" + each.getKey();
      AttributeChange change =
          new AttributeChange(
              FILE_MODE, like.uid(), like.gid(), each.getValue().bytes(), null, null);
      paths.done(
          "set the owner of",
          file,
          datastore.setAttributes(Caller.SYSTEM, made.get(at++), change, null));
    }
  }

  private void text(String file, byte[] bytes) {
    String path = path() + "/" + file;
    AttributeChange change =
        new AttributeChange(FILE_MODE, like.uid(), like.gid(), null, null, null);
    FileKey made =
        paths
            .done(
                "make",
                path,
                datastore.create(
                    Caller.SYSTEM,
                    directory,
                    DatastorePaths.bytes(file),
                    Datastore.NewFile.regular(change),
                    new Datastore.Existing.Refuse()))
            .key();
    paths.write(made, path, bytes);
  }
}
