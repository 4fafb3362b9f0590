package org.opendvx.rhv.session;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Who logs in. The password is asked for whenever a connection is built anew, so that a changed one
 * is taken up, and never printed.
 *
 * @param user with its profile, such as {@code dvx@internal}
 */
public record EngineCredentials(String user, Supplier<String> password) {

  /** Takes the password from a file's first line. */
  public static EngineCredentials fromFile(String user, Path passwordFile) {
    return new EngineCredentials(user, () -> firstLine(passwordFile));
  }

  private static String firstLine(Path file) {
    try {
      return Files.readString(file).lines().findFirst().orElse("");
    } catch (IOException e) {
      throw DvxException.of(Kind.INVALID, "The file with the engine's password cannot be read")
          .causedBy(e)
          .remedy("make it readable for the account that runs dvx, and for no other")
          .detail("file", file)
          .build();
    }
  }

  @Override
  public String toString() {
    return "EngineCredentials[" + user + "]";
  }
}
