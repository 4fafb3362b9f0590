package org.opendvx.coordinator.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** A file that only the node's account may read, replaced whole or not at all. */
public final class StateFile {
  private static final Set<PosixFilePermission> OWNER =
      PosixFilePermissions.fromString("rw-------");

  private StateFile() {}

  /** Makes a folder that only its owner may enter, if it is not there. */
  public static void createFolder(Path folder) {
    try {
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
    } catch (IOException e) {
      throw failed("The folder cannot be made", folder, e);
    }
  }

  /** Replaces a file; durable when it returns. */
  public static void write(Path file, byte[] content) {
    Path target = file.toAbsolutePath();
    Path folder = target.getParent();
    if (folder == null) {
      throw failed("The file cannot be written", file, new IOException("it names a folder"));
    }
    try {
      Path draft =
          Files.createTempFile(folder, ".new-", "", PosixFilePermissions.asFileAttribute(OWNER));
      try {
        try (FileChannel out = FileChannel.open(draft, StandardOpenOption.WRITE)) {
          ByteBuffer bytes = ByteBuffer.wrap(content);
          while (bytes.hasRemaining()) {
            out.write(bytes);
          }
          out.force(true);
        }
        Files.move(
            draft, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(draft);
      }
      try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
        directory.force(true);
      }
    } catch (IOException e) {
      throw failed("The file cannot be written", file, e);
    }
  }

  /**
   * Reads a file of limited size, empty when there is none.
   *
   * @throws DvxException DENIED when others than its owner may read it, INVALID when it is larger
   */
  public static Optional<byte[]> read(Path file, int limit) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(limit + 1);
      if (bytes.length > limit) {
        throw DvxException.of(Kind.INVALID, "The file is larger than it can be")
            .cause("It has more than " + limit + " bytes")
            .remedy("Put a good copy back")
            .detail("file", file)
            .build();
      }
      Set<PosixFilePermission> rights = Files.getPosixFilePermissions(file);
      if (rights.stream().anyMatch(right -> !right.name().startsWith("OWNER_"))) {
        throw DvxException.of(Kind.DENIED, "The file with a secret is open to others")
            .cause("Its rights are " + PosixFilePermissions.toString(rights))
            .remedy("chmod 600 " + file)
            .detail("file", file)
            .build();
      }
      return Optional.of(bytes);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw failed("The file cannot be read", file, e);
    }
  }

  private static DvxException failed(String what, Path file, IOException source) {
    return DvxException.of(Kind.DENIED, what)
        .causedBy(source)
        .remedy("Check the folder's owner and rights, and that its file system has room")
        .detail("file", file)
        .build();
  }
}
