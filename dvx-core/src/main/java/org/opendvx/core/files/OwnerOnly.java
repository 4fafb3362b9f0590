package org.opendvx.core.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Files with secrets. */
public final class OwnerOnly {
  private OwnerOnly() {}

  /**
   * Refuses a file that others than its owner may read or change.
   *
   * @throws DvxException DENIED
   * @throws IOException when its rights cannot be read
   */
  public static void require(Path file) throws IOException {
    Set<PosixFilePermission> rights = Files.getPosixFilePermissions(file);
    if (rights.stream().anyMatch(right -> !right.name().startsWith("OWNER_"))) {
      throw DvxException.of(Kind.DENIED, "The file with a secret is open to others")
          .cause("Its rights are " + PosixFilePermissions.toString(rights))
          .remedy("chmod 600 " + file)
          .detail("file", file)
          .build();
    }
  }
}
