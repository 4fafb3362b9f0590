package org.opendvx.core.testing;

import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.Created;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.FileType;

/** One creation in {@link InMemoryDatastore}, under its lock. */
final class InMemoryCreation {
  private final InMemoryDatastore datastore;
  private final Caller caller;

  InMemoryCreation(InMemoryDatastore datastore, Caller caller) {
    this.datastore = datastore;
    this.caller = caller;
  }

  Created create(FileKey directory, byte[] name, NewFile file, Existing existing) {
    InMemoryNode parent = datastore.writableDirectory(directory);
    EntryNames.check(name, FileError.EXISTS);
    PosixRules.require(caller, parent, PosixRules.EXECUTE);
    Attributes before = parent.attributes();
    Long known = parent.find(name);
    if (known != null) {
      InMemoryNode found = datastore.node(FileKey.live(known));
      takeExisting(found, file, existing);
      return new Created(
          FileKey.live(known), found.attributes(), new Changed(before, before), false);
    }
    PosixRules.require(caller, parent, PosixRules.WRITE);
    InMemoryNode node = newNode(parent, file);
    if (existing instanceof Existing.Exclusive(long wanted)) {
      node.verifier = wanted;
    }
    parent.put(name, node.id);
    if (node.isDirectory()) {
      parent.links++;
    }
    parent.touch(datastore.now());
    Changed around = new Changed(before, parent.attributes());
    return new Created(FileKey.live(node.id), node.attributes(), around, true);
  }

  private void takeExisting(InMemoryNode found, NewFile file, Existing existing) {
    boolean regular = found.type == FileType.REGULAR && file.type() == FileType.REGULAR;
    switch (existing) {
      case Existing.Use() when regular -> {
        Long size = file.change().size();
        if (size != null) {
          AttributeChange only = new AttributeChange(null, null, null, size, null, null);
          PosixRules.requireChange(caller, found, only);
          datastore.apply(caller, found, only);
        }
      }
      case Existing.Exclusive(long wanted)
          when regular && found.verifier != null && found.verifier == wanted -> {}
      default -> throw new FileException(FileError.EXISTS, "the name is taken");
    }
  }

  private InMemoryNode newNode(InMemoryNode parent, NewFile file) {
    AttributeChange change = file.change();
    Integer gid = change.gid();
    int group = gid != null ? gid : PosixRules.inheritsGroup(parent) ? parent.gid : caller.gid();
    Integer mode = change.mode();
    int bits = mode == null ? (file.type() == FileType.DIRECTORY ? 0755 : 0644) : mode;
    InMemoryNode node =
        new InMemoryNode(
            datastore.newId(),
            file.type(),
            PosixRules.settable(caller, group, bits),
            caller.uid(),
            group,
            datastore.now());
    if (node.isDirectory() && PosixRules.inheritsGroup(parent)) {
      node.mode |= 02000;
    }
    node.device = file.device();
    node.target = file.symlink().clone();
    node.parent = parent.id;
    AttributeChange rest =
        new AttributeChange(
            null,
            change.uid(),
            null,
            file.type() == FileType.REGULAR ? change.size() : null,
            change.accessed(),
            change.modified());
    PosixRules.requireChange(caller, node, rest);
    datastore.apply(caller, node, rest);
    datastore.add(node);
    return node;
  }
}
