package org.opendvx.core.pool.local;

/** Names of files and folders on a drive, and sizes that hold for all of them. */
final class Layout {
  static final String LABEL = "drive";

  /** Where the next label is written before it takes the place of the old one. */
  static final String LABEL_SPARE = "drive.next";

  /** The label of a drive that was removed from its pool. */
  static final String LABEL_REMOVED = "drive.removed";

  static final String LOCK = "lock";

  /** Takes room for what must go on when others have filled the file system. */
  static final String BALLAST = "ballast";

  /** Which containers were deleted while a drive was away. */
  static final String GRAVES = "deleted";

  static final String CONTAINERS = "containers";
  static final String JOURNAL = "journal";
  static final String RECORDS = "records";

  /** Work in progress; whatever still bears it when the pool opens is removed. */
  static final String TEMPORARY = ".tmp";

  private static final String TOMBSTONE = ".gone";
  private static final int ID_DIGITS = 12;

  /** Files begin and continue on multiples of this. */
  static final int BLOCK = 4096;

  /** The root itself, as a directory name. */
  static final String HERE = "";

  private static final int CONTAINER_FOLDERS = 256;

  private Layout() {}

  /** Folders that shards are spread over, so that none grows too long. */
  static int containerFolders() {
    return CONTAINER_FOLDERS;
  }

  /** One of the folders of shards. */
  static String containerFolder(int number) {
    return CONTAINERS + "/" + hex(number, 2);
  }

  /** The folder of a container's shards. */
  static String containerFolder(long containerId) {
    return containerFolder((int) (containerId % CONTAINER_FOLDERS));
  }

  /** The file by which earlier versions said that a container was deleted: see {@link #GRAVES}. */
  static String tombstone(long containerId) {
    return containerFolder(containerId) + "/" + hex(containerId, ID_DIGITS) + TOMBSTONE;
  }

  /** The container whose tombstone has this plain name, 0 when it is none. */
  static long tombstoneOf(String name) {
    if (name.length() != ID_DIGITS + TOMBSTONE.length() || !name.endsWith(TOMBSTONE)) {
      return 0;
    }
    try {
      return Long.parseLong(name, 0, ID_DIGITS, 16);
    } catch (NumberFormatException _) {
      return 0;
    }
  }

  /** A file of the ballast. */
  static String ballast(int part) {
    return BALLAST + "/" + hex(part, 2);
  }

  /** The number of the file of the ballast that has this plain name, -1 when it is none. */
  static int ballastOf(String name) {
    return name.length() == 2 && name.chars().allMatch(c -> Character.digit(c, 16) >= 0)
        ? Integer.parseInt(name, 16)
        : -1;
  }

  /** The folder of a host's journal. */
  static String journalFolder(String host) {
    return JOURNAL + "/" + host;
  }

  /** A preallocated file of a host's journal. */
  static String journalSlot(String host, int slot) {
    return journalFolder(host) + "/" + slotName(slot);
  }

  /** Its plain name. */
  static String slotName(int slot) {
    return hex(slot, 4) + ".seg";
  }

  /** The slot that a plain name stands for, -1 when it is none. */
  static int slotOf(String name) {
    if (name.length() != 8 || !name.endsWith(".seg")) {
      return -1;
    }
    try {
      return Integer.parseInt(name, 0, 4, 16);
    } catch (NumberFormatException _) {
      return -1;
    }
  }

  static long roundUp(long bytes) {
    return (bytes + BLOCK - 1) & -BLOCK;
  }

  static String hex(long value, int digits) {
    String text = Long.toHexString(value);
    return "0".repeat(Math.max(0, digits - text.length())) + text;
  }
}
