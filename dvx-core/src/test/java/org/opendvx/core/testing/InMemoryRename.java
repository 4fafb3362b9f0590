package org.opendvx.core.testing;

import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.Renamed;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;

/** One rename in {@link InMemoryDatastore}, under its lock. */
final class InMemoryRename {
  private final InMemoryDatastore datastore;
  private final Caller caller;

  InMemoryRename(InMemoryDatastore datastore, Caller caller) {
    this.datastore = datastore;
    this.caller = caller;
  }

  Renamed rename(FileKey fromDirectory, byte[] from, FileKey toDirectory, byte[] to) {
    InMemoryNode source = datastore.writableDirectory(fromDirectory);
    InMemoryNode target = datastore.writableDirectory(toDirectory);
    EntryNames.check(from, FileError.INVALID);
    EntryNames.check(to, FileError.INVALID);
    Attributes sourceBefore = source.attributes();
    Attributes targetBefore = target.attributes();
    InMemoryNode moved = datastore.child(source, from);
    PosixRules.requireUnlink(caller, source, moved);
    PosixRules.require(caller, target, PosixRules.WRITE | PosixRules.EXECUTE);
    Long replacedId = target.find(to);
    if (replacedId == null || replacedId != moved.id) {
      if (moved.isDirectory() && isWithin(target, moved)) {
        throw new FileException(FileError.INVALID, "a directory cannot move into itself");
      }
      if (replacedId != null) {
        InMemoryNode replaced = datastore.node(FileKey.live(replacedId));
        PosixRules.requireUnlink(caller, target, replaced);
        replace(target, moved, replaced);
      }
      source.drop(from);
      target.put(to, moved.id);
      if (moved.isDirectory()) {
        source.links--;
        target.links++;
        moved.parent = target.id;
      }
      long now = datastore.now();
      source.touch(now);
      target.touch(now);
      moved.changed = now;
    }
    return new Renamed(
        new Changed(sourceBefore, source.attributes()),
        new Changed(targetBefore, target.attributes()));
  }

  private void replace(InMemoryNode target, InMemoryNode moved, InMemoryNode replaced) {
    if (moved.isDirectory() && !replaced.isDirectory()) {
      throw new FileException(FileError.NOT_DIRECTORY, "a directory over a file");
    }
    if (!moved.isDirectory() && replaced.isDirectory()) {
      throw new FileException(FileError.IS_DIRECTORY, "a file over a directory");
    }
    if (replaced.isDirectory()) {
      if (!replaced.isEmpty()) {
        throw new FileException(FileError.NOT_EMPTY, "over a directory with entries");
      }
      datastore.drop(replaced);
      target.links--;
    } else {
      datastore.unlink(replaced);
    }
  }

  private boolean isWithin(InMemoryNode inner, InMemoryNode outer) {
    InMemoryNode at = inner;
    while (at.id != outer.id && at.id != FileKey.ROOT_FILE) {
      at = datastore.node(FileKey.live(at.parent));
    }
    return at.id == outer.id;
  }
}
