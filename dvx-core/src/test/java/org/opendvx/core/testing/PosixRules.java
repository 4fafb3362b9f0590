package org.opendvx.core.testing;

import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Access;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileType;

/** Who may do what: the POSIX rules, as an NFS server must apply them. */
final class PosixRules {
  static final int READ = 4;
  static final int WRITE = 2;
  static final int EXECUTE = 1;
  private static final int STICKY = 01000;
  private static final int SET_IDS = 06000;
  private static final int SET_GID = 02000;

  private PosixRules() {}

  static boolean may(Caller caller, InMemoryNode node, int wanted) {
    if (caller.uid() == 0) {
      return (wanted & EXECUTE) == 0 || node.isDirectory() || (node.mode & 0111) != 0;
    }
    int shift = caller.uid() == node.uid ? 6 : inGroup(caller, node.gid) ? 3 : 0;
    return ((node.mode >> shift) & wanted) == wanted;
  }

  static void require(Caller caller, InMemoryNode node, int wanted) {
    if (!may(caller, node, wanted)) {
      throw new FileException(FileError.ACCESS_DENIED, "no permission on file " + node.id);
    }
  }

  /**
   * For reads and writes. The owner passes whatever the mode says: it may have opened the file
   * before, which the server cannot know. Who may execute may read: that is how programs load.
   */
  static void requireData(Caller caller, InMemoryNode node, int wanted) {
    boolean passes =
        caller.uid() == node.uid
            || may(caller, node, wanted)
            || (wanted == READ && may(caller, node, EXECUTE));
    if (!passes) {
      throw new FileException(FileError.ACCESS_DENIED, "no permission on file " + node.id);
    }
  }

  /** For taking a name away: write on the directory, and ownership where it is sticky. */
  static void requireUnlink(Caller caller, InMemoryNode directory, InMemoryNode file) {
    require(caller, directory, WRITE | EXECUTE);
    boolean sticky = (directory.mode & STICKY) != 0;
    if (sticky && caller.uid() != 0 && caller.uid() != directory.uid && caller.uid() != file.uid) {
      throw new FileException(FileError.NOT_PERMITTED, "the directory is sticky");
    }
  }

  static int access(Caller caller, InMemoryNode node, int wanted) {
    int granted = 0;
    if (may(caller, node, READ)) {
      granted |= Access.READ;
    }
    if (may(caller, node, WRITE)) {
      granted |= Access.MODIFY | Access.EXTEND | (node.isDirectory() ? Access.DELETE : 0);
    }
    if (may(caller, node, EXECUTE)) {
      granted |= node.isDirectory() ? Access.LOOKUP : Access.EXECUTE;
    }
    return granted & wanted;
  }

  static void requireChange(Caller caller, InMemoryNode node, AttributeChange change) {
    boolean owner = caller.uid() == 0 || caller.uid() == node.uid;
    if (change.mode() != null && !owner) {
      refuse();
    }
    Integer uid = change.uid();
    if (uid != null && caller.uid() != 0 && !(owner && uid == node.uid)) {
      refuse();
    }
    Integer gid = change.gid();
    if (gid != null && caller.uid() != 0 && !(owner && (gid == node.gid || inGroup(caller, gid)))) {
      refuse();
    }
    if (change.accessed() instanceof AttributeChange.Time.Client
        || change.modified() instanceof AttributeChange.Time.Client) {
      if (!owner) {
        refuse();
      }
    } else if ((change.accessed() != null || change.modified() != null) && !owner) {
      require(caller, node, WRITE);
    }
    Long size = change.size();
    if (size != null) {
      if (node.type != FileType.REGULAR) {
        throw new FileException(
            node.isDirectory() ? FileError.IS_DIRECTORY : FileError.INVALID, "has no size");
      }
      if (size < 0 || size > Datastore.MAX_FILE_SIZE) {
        throw new FileException(FileError.FILE_TOO_LARGE, "size " + size);
      }
      requireData(caller, node, WRITE);
    }
  }

  /** Mode bits that survive a change of content or owner by somebody who is not root. */
  static int withoutSetIds(Caller caller, InMemoryNode node) {
    return caller.uid() == 0 || node.type != FileType.REGULAR ? node.mode : node.mode & ~SET_IDS;
  }

  /** Mode bits that a caller may set. */
  static int settable(Caller caller, int gid, int mode) {
    return caller.uid() == 0 || inGroup(caller, gid) ? mode & 07777 : mode & 07777 & ~SET_GID;
  }

  static boolean inheritsGroup(InMemoryNode directory) {
    return (directory.mode & SET_GID) != 0;
  }

  private static boolean inGroup(Caller caller, int gid) {
    if (caller.gid() == gid) {
      return true;
    }
    for (int group : caller.groups()) {
      if (group == gid) {
        return true;
      }
    }
    return false;
  }

  private static void refuse() {
    throw new FileException(FileError.NOT_PERMITTED, "only the owner may");
  }
}
