package org.opendvx.core.datastore;

/**
 * Names a file, directory or link for its whole life, over restarts and renames.
 *
 * @param snapshot 0 for the live file, else the snapshot through which it is seen (read-only)
 * @param file the file id, never reused. {@link #ROOT_FILE} is the root directory; within {@link
 *     #SNAPSHOTS_DIRECTORY} see {@code .snapshots}
 */
public record FileKey(long snapshot, long file) {
  /** File id of the root directory. */
  public static final long ROOT_FILE = 1;

  /** File id of the synthetic directory {@code /.snapshots}. */
  public static final long SNAPSHOTS_DIRECTORY = 2;

  /** The live root directory. */
  public static final FileKey ROOT = new FileKey(0, ROOT_FILE);

  /** The directory {@code /.snapshots}. */
  public static final FileKey SNAPSHOTS = new FileKey(0, SNAPSHOTS_DIRECTORY);

  /** A live file. */
  public static FileKey live(long file) {
    return new FileKey(0, file);
  }

  /** Whether this is a file as frozen in a snapshot. */
  public boolean frozen() {
    return snapshot != 0;
  }
}
