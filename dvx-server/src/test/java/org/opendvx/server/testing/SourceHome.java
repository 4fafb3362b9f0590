package org.opendvx.server.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What the launcher tells the program of the source tree, for the time of a test. */
public final class SourceHome implements AutoCloseable {
  private static final String PROPERTY = "dvx.home";

  private final String before;

  private SourceHome(String before) {
    this.before = before;
  }

  /** The top folder of the source tree. */
  public static Path path() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve(".mvn"))) {
      folder =
          Optional.ofNullable(folder.getParent())
              .orElseThrow(() -> new AssertionError("no folder above the module holds .mvn"));
    }
    return folder;
  }

  /** Tells it until closed. */
  public static SourceHome set() {
    SourceHome home = new SourceHome(System.getProperty(PROPERTY, ""));
    System.setProperty(PROPERTY, path().toString());
    return home;
  }

  @Override
  public void close() {
    if (before.isEmpty()) {
      System.clearProperty(PROPERTY);
    } else {
      System.setProperty(PROPERTY, before);
    }
  }
}
