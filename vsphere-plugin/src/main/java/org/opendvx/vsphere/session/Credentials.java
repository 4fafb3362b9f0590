package org.opendvx.vsphere.session;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Who logs in. The password is asked for at each login, so that a changed one is taken up, and
 * never printed.
 */
public record Credentials(String user, Supplier<String> password) {

  /** Takes the password from a file's first line. */
  public static Credentials fromFile(String user, Path passwordFile) {
    return new Credentials(user, () -> firstLine(passwordFile));
  }

  private static String firstLine(Path file) {
    try {
      return Files.readString(file).lines().findFirst().orElse("");
    } catch (IOException e) {
      throw DvxException.of(Kind.INVALID, "The file with the vCenter password cannot be read")
          .causedBy(e)
          .remedy("make it readable for the account that runs dvx, and for no other")
          .detail("file", file)
          .build();
    }
  }

  @Override
  public String toString() {
    return "Credentials[" + user + "]";
  }
}
