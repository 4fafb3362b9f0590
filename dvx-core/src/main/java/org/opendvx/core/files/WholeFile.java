package org.opendvx.core.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Writes files that are there whole or not at all, also after a loss of power. */
public final class WholeFile {
  /** Rights of a file that only its owner reads and writes. */
  public static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rw-------");

  private WholeFile() {}

  /**
   * Puts a file in place of the one of that name, if there is one. Durable on return.
   *
   * @param rights of the new file
   * @throws IOException when it could not be written; the old one is still there then, or, when
   *     only making it durable failed, the new one
   */
  public static void replace(Path file, byte[] content, Set<PosixFilePermission> rights)
      throws IOException {
    Path target = file.toAbsolutePath();
    Path folder = target.getParent();
    if (folder == null) {
      throw new IOException("it names a folder");
    }
    Path draft =
        Files.createTempFile(folder, ".new-", "", PosixFilePermissions.asFileAttribute(rights));
    try {
      try (FileChannel out = FileChannel.open(draft, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      // The umask took away from what the draft was to have.
      Files.setPosixFilePermissions(draft, rights);
      Files.move(
          draft, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(draft);
    }
    sync(folder);
  }

  /** Makes durable which names a folder has. */
  public static void sync(Path folder) throws IOException {
    try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
      directory.force(true);
    }
  }
}
