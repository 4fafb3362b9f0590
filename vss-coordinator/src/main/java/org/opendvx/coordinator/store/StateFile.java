package org.opendvx.coordinator.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.files.OwnerOnly;
import org.opendvx.core.files.WholeFile;

/** A file that only the node's account may read, replaced whole or not at all. */
public final class StateFile {
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
    try {
      WholeFile.replace(file, content, WholeFile.PRIVATE);
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
      OwnerOnly.require(file);
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
