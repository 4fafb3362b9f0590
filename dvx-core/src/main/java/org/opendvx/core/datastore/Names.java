package org.opendvx.core.datastore;

import java.util.Arrays;

/** Rules for names of directory entries and snapshots. */
final class Names {
  /** The synthetic directory in the root. */
  static final byte[] SNAPSHOTS = Bytes.utf8(".snapshots");

  private static final byte[] DOT = Bytes.utf8(".");
  private static final byte[] DOT_DOT = Bytes.utf8("..");
  private static final int MAX_SNAPSHOT_NAME = 255;

  private Names() {}

  static boolean isDot(byte[] name) {
    return Arrays.equals(name, DOT);
  }

  static boolean isDotDot(byte[] name) {
    return Arrays.equals(name, DOT_DOT);
  }

  static boolean isSnapshots(long directory, byte[] name) {
    return directory == FileKey.ROOT_FILE && Arrays.equals(name, SNAPSHOTS);
  }

  /** Checks a name that is looked up. */
  static void check(byte[] name) {
    if (name.length == 0) {
      throw new FileException(FileError.INVALID, "an empty name");
    }
    if (name.length > Datastore.MAX_NAME) {
      throw new FileException(FileError.NAME_TOO_LONG, "a name of " + name.length + " bytes");
    }
    for (byte b : name) {
      if (b == 0 || b == '/') {
        throw new FileException(FileError.INVALID, "a name with a slash or NUL");
      }
    }
  }

  /** Checks a name that is made, removed or renamed in a directory. */
  static void checkChangeable(long directory, byte[] name) {
    check(name);
    if (isDot(name) || isDotDot(name)) {
      throw new FileException(FileError.INVALID, "the name is . or ..");
    }
    if (isSnapshots(directory, name)) {
      throw new FileException(FileError.READ_ONLY, "the directory of snapshots is not changed");
    }
  }

  /** Checks the name of a snapshot, which is a directory's name below {@code .snapshots}. */
  static void checkSnapshot(String name) {
    byte[] bytes = Bytes.utf8(name);
    if (name.length() > MAX_SNAPSHOT_NAME) {
      throw new FileException(
          FileError.NAME_TOO_LONG, "a name of " + name.length() + " characters");
    }
    check(bytes);
    if (isDot(bytes) || isDotDot(bytes)) {
      throw new FileException(FileError.INVALID, "the name is . or ..");
    }
  }
}
