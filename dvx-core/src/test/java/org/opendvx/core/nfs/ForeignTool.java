package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs of the operating system, with a time limit. */
final class ForeignTool {
  private static final long LIMIT_SECONDS = 120;
  private static final int TRIES = 2;

  private ForeignTool() {}

  /** Skips the test when a program is missing, naming the Debian package that has it. */
  static void require(String program, String debianPackage) {
    boolean found =
        List.of(System.getenv("PATH").split(File.pathSeparator, -1)).stream()
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    assumeTrue(found, program + " is missing: install the Debian package " + debianPackage);
  }

  /**
   * Runs a command that must succeed; gives what it wrote. A hang is tried once more: libnfs 4.0.0
   * loses a wake-up of its own now and then.
   */
  static String run(Path folder, String... command) throws Exception {
    for (int i = 1; ; i++) {
      Path output = Files.createTempFile(folder, "output", ".txt");
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      if (process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        String text = Files.readString(output, StandardCharsets.UTF_8);
        assertEquals(0, process.exitValue(), String.join(" ", command) + "\n" + text);
        return text;
      }
      process.destroyForcibly().waitFor();
      if (i == TRIES) {
        throw new IOException(String.join(" ", command) + " hung twice");
      }
    }
  }

  /** A command in front of another. */
  static String[] prefixed(List<String> prefix, String... command) {
    List<String> all = new ArrayList<>(prefix);
    all.addAll(List.of(command));
    return all.toArray(String[]::new);
  }
}
