package org.opendvx.core.pool.local;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The files of one drive: everything that the pool ever does to a drive goes through here, so that
 * a test or a torture run can put a failing one in its place.
 *
 * <p>Names are relative, parts separated by {@code /}. A file that is not there is a {@link
 * java.nio.file.NoSuchFileException}. Every call may block for as long as the drive does; callers
 * keep the time. Thread-safe.
 */
public interface DriveFolder {

  /** The folder, for messages. */
  Path root();

  /** Opens a file for reading and writing; with {@code create} it is made, and empty. */
  DriveFile open(String name, boolean create) throws IOException;

  /**
   * As {@link #open}, for a file that is not read soon after it was written: past the page cache,
   * if the file system can. Only whole blocks (4 KiB) are written to it or read, on block
   * boundaries, from or to direct memory that begins on one.
   */
  default DriveFile openDirect(String name, boolean create) throws IOException {
    return open(name, create);
  }

  /** Visits the plain names in a directory, in no order. */
  void list(String directory, Consumer<String> visitor) throws IOException;

  /** Makes a directory and those above it, if they are not there. */
  void createDirectories(String directory) throws IOException;

  /** Gives a file another name in one step; a file of that name is replaced. */
  void rename(String from, String to) throws IOException;

  /** Removes a file; no error when there is none. */
  void delete(String name) throws IOException;

  /** Makes creations, renames and deletions of names in a directory durable. */
  void forceDirectory(String directory) throws IOException;

  /** What tells this file from any other that ever had its name (device and inode). */
  Object identity(String name) throws IOException;

  /**
   * Takes the exclusive lock on a file, which is made if need be. The lock ends with the process.
   *
   * @return what releases it, or null when somebody else holds it
   */
  @Nullable Closeable tryLock(String name) throws IOException;

  /** Bytes that the file system has left for us. */
  long freeBytes() throws IOException;

  /** Tells file systems apart: drives with equal ones share their free bytes. */
  Object fileSystem() throws IOException;

  /** Opens the folder of a drive; touches nothing yet. */
  @FunctionalInterface
  interface Factory {
    /** The drive at a path. */
    DriveFolder at(Path root);
  }
}
