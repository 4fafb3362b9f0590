package org.opendvx.core.vm;

import java.util.LinkedHashMap;
import java.util.Map;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** The files of a restore point by path. Blocks; thread-safe. */
public final class FrozenFiles {
  private final DatastorePaths paths;
  private final String name;
  private final Map<String, Snapshots.Member> members = new LinkedHashMap<>();

  /** Of this restore point. */
  public FrozenFiles(Datastore datastore, RestorePoint point) {
    this.paths = new DatastorePaths(datastore);
    this.name = point.name();
    for (Snapshots.Member each : datastore.snapshots().members(point.id())) {
      members.put(each.path(), each);
    }
  }

  private Snapshots.Member member(String path) {
    Snapshots.Member member = members.get(path);
    if (member == null) {
      throw DvxException.of(Kind.NOT_FOUND, "The restore point " + name + " lacks a file")
          .cause(path + " is not in it")
          .remedy("Choose another restore point")
          .build();
    }
    return member;
  }

  /** The frozen file. */
  public FileKey key(String path) {
    return member(path).key();
  }

  /** Attributes at the cut. */
  public Attributes attributes(String path) {
    return member(path).attributes();
  }

  /** The bytes of a small file. */
  public byte[] read(String path, int limit) {
    return paths.read(member(path).key(), path, limit);
  }
}
