package org.opendvx.core.datastore;

/**
 * POSIX permission rules. Uid 0 passes, but executes only what somebody may execute. An owner may
 * always read and write the data of a file, since NFS has no open files in which an earlier
 * permission could be remembered.
 */
final class Permissions {
  static final int READ = 4;
  static final int WRITE = 2;
  static final int EXECUTE = 1;

  static final int SET_UID = 04000;
  static final int SET_GID = 02000;
  static final int STICKY = 01000;

  /** All bits that a mode has. */
  static final int MODE_MASK = 07777;

  private static final int ANY_EXECUTE = 0111;
  private static final int GROUP_EXECUTE = 0010;

  private Permissions() {}

  static boolean root(Caller caller) {
    return caller.uid() == 0;
  }

  static boolean inGroup(Caller caller, int gid) {
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

  static boolean owns(Caller caller, InodeImage image) {
    return root(caller) || caller.uid() == image.uid();
  }

  static boolean allows(Caller caller, InodeImage image, int wanted) {
    if (root(caller)) {
      return (wanted & EXECUTE) == 0 || image.directory() || (image.mode() & ANY_EXECUTE) != 0;
    }
    int shift = caller.uid() == image.uid() ? 6 : inGroup(caller, image.gid()) ? 3 : 0;
    return (image.mode() >> shift & wanted) == wanted;
  }

  static void require(Caller caller, InodeImage image, int wanted) {
    if (!allows(caller, image, wanted)) {
      throw new FileException(FileError.ACCESS_DENIED, "permission denied");
    }
  }

  /** Reading data: also with the right to execute, since programs are paged in by reading. */
  static void requireRead(Caller caller, InodeImage image) {
    if (caller.uid() != image.uid()
        && !allows(caller, image, READ)
        && !allows(caller, image, EXECUTE)) {
      throw new FileException(FileError.ACCESS_DENIED, "permission denied");
    }
  }

  static void requireWrite(Caller caller, InodeImage image) {
    if (caller.uid() != image.uid() && !allows(caller, image, WRITE)) {
      throw new FileException(FileError.ACCESS_DENIED, "permission denied");
    }
  }

  /** Changing the names in a directory. */
  static void requireChangeEntries(Caller caller, InodeImage directory) {
    require(caller, directory, WRITE | EXECUTE);
  }

  /** Taking a name away: in a sticky directory only the owners may. */
  static void requireRemoveEntry(Caller caller, InodeImage directory, InodeImage target) {
    requireChangeEntries(caller, directory);
    if ((directory.mode() & STICKY) != 0
        && !root(caller)
        && caller.uid() != target.uid()
        && caller.uid() != directory.uid()) {
      throw new FileException(FileError.NOT_PERMITTED, "the directory is sticky");
    }
  }

  /** The mode after somebody other than root wrote data: without set-id bits that grant rights. */
  static int afterWrite(Caller caller, InodeImage image) {
    int mode = image.mode();
    if (root(caller) || !image.regular() || (mode & (SET_UID | SET_GID)) == 0) {
      return mode;
    }
    return (mode & GROUP_EXECUTE) != 0 ? mode & ~(SET_UID | SET_GID) : mode & ~SET_UID;
  }

  /** The rights of {@link Datastore.Access} that are granted among those wanted. */
  static int granted(Caller caller, InodeImage image, int wanted) {
    int granted = 0;
    boolean read = allows(caller, image, READ);
    boolean write = allows(caller, image, WRITE);
    boolean execute = allows(caller, image, EXECUTE);
    if (read) {
      granted |= Datastore.Access.READ;
    }
    if (write) {
      granted |= Datastore.Access.MODIFY | Datastore.Access.EXTEND;
    }
    if (image.directory()) {
      if (execute) {
        granted |= Datastore.Access.LOOKUP;
      }
      if (write && execute) {
        granted |= Datastore.Access.DELETE;
      }
    } else if (execute) {
      granted |= Datastore.Access.EXECUTE;
    }
    return granted & wanted;
  }
}
