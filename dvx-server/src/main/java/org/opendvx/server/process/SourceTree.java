package org.opendvx.server.process;

import java.nio.file.Files;
import java.nio.file.Path;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** The clone of the repository that the launcher runs from. */
public final class SourceTree {
  private SourceTree() {}

  /**
   * Its top folder.
   *
   * @param purpose what needs the vCenter simulator that is built from it, for the message
   * @param command how to run that
   * @throws DvxException UNAVAILABLE when there is none
   */
  public static Path home(String purpose, String command) {
    String home = System.getProperty("dvx.home");
    if (home == null || !Files.isDirectory(Path.of(home, "vsphere-plugin", "vcsim"))) {
      throw DvxException.of(Kind.UNAVAILABLE, purpose + " needs the source tree")
          .cause("The vCenter simulator is built from vsphere-plugin/vcsim, which is not there")
          .remedy("Run " + command + " in a clone of the repository")
          .detail("dvx.home", home)
          .build();
    }
    return Path.of(home).toAbsolutePath();
  }
}
