package org.opendvx.core.pool;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * How much room the file system below a path has. It asks the file system itself, where {@link
 * Files#getFileStore} first looks the path up in the table of mounts and fails in a changed root,
 * whose own mount is not listed there.
 */
public final class FreeSpace {
  private FreeSpace() {}

  /**
   * Bytes that this process may still write below the path.
   *
   * @throws NoSuchFileException when nothing is there; 0 would mean a full file system
   */
  public static long usableBytes(Path path) throws IOException {
    long bytes = path.toFile().getUsableSpace();
    if (bytes == 0 && !Files.exists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    return bytes;
  }
}
