package org.opendvx.server.security;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.files.OwnerOnly;
import org.opendvx.core.files.WholeFile;

/** Small files, written whole or not at all, that only the account of the node may read. */
public final class PrivateFiles {
  private static final Set<PosixFilePermission> ALL = PosixFilePermissions.fromString("rw-r--r--");
  private static final Set<PosixFilePermission> FOLDER =
      PosixFilePermissions.fromString("rwx------");

  private PrivateFiles() {}

  /** Makes a folder that only its owner may enter, if it is not there. */
  public static void createFolder(Path folder) {
    try {
      if (!Files.isDirectory(folder)) {
        Path parent = folder.toAbsolutePath().getParent();
        if (parent != null) {
          Files.createDirectories(parent);
        }
        Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(FOLDER));
      }
    } catch (IOException e) {
      throw failed("The folder cannot be made", folder, e);
    }
  }

  /** Replaces a file that only its owner may read; durable when it returns. */
  public static void write(Path file, byte[] content) {
    replace(file, content, WholeFile.PRIVATE);
  }

  /** Replaces a file that everybody may read; durable when it returns. */
  public static void writePublic(Path file, byte[] content) {
    replace(file, content, ALL);
  }

  /**
   * Reads a file of limited size.
   *
   * @throws DvxException NOT_FOUND, DENIED, or INVALID when it is larger
   */
  public static byte[] read(Path file, int limit) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(limit + 1);
      if (bytes.length > limit) {
        throw DvxException.of(Kind.INVALID, "The file is larger than it can be")
            .cause("It has more than " + limit + " bytes")
            .remedy("Name the right file, or put a good copy back")
            .detail("file", file)
            .build();
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw DvxException.of(Kind.NOT_FOUND, "The file is not there")
          .cause("There is no such file")
          .remedy("Name an existing file")
          .detail("file", file)
          .build();
    } catch (IOException e) {
      throw failed("The file cannot be read", file, e);
    }
  }

  /**
   * The first line of a file that holds a password or a token.
   *
   * @throws DvxException DENIED when others than its owner may read it
   */
  public static String readSecret(Path file) {
    String line =
        new String(read(file, 4096), StandardCharsets.UTF_8).lines().findFirst().orElse("");
    refuseReadableByOthers(file);
    if (line.isBlank()) {
      throw DvxException.of(Kind.INVALID, "The file holds no secret")
          .cause("Its first line is empty")
          .remedy("Write the secret into its first line")
          .detail("file", file)
          .build();
    }
    return line;
  }

  /** Refuses a secret file that others than its owner may read or change. */
  static void refuseReadableByOthers(Path file) {
    try {
      OwnerOnly.require(file);
    } catch (IOException e) {
      throw failed("The rights of the file cannot be read", file, e);
    }
  }

  private static void replace(Path file, byte[] content, Set<PosixFilePermission> rights) {
    try {
      WholeFile.replace(file, content, rights);
    } catch (IOException e) {
      throw failed("The file cannot be written", file, e);
    }
  }

  private static DvxException failed(String what, Path file, IOException source) {
    return DvxException.of(Kind.DENIED, what)
        .cause(source.getClass().getSimpleName() + ": " + source.getMessage())
        .causedBy(source)
        .remedy("Check the folder's owner and rights, and that its file system has room")
        .detail("file", file)
        .build();
  }
}
