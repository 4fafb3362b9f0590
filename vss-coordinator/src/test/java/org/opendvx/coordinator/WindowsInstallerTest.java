package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Windows agent's installer under Wine: run twice, interrupted after each step, repaired,
 * upgraded, removed. The checks themselves are in windows-agent/test/run.
 */
class WindowsInstallerTest {
  private static final long LIMIT_MINUTES = 15;

  @Test
  void everyWayOfInstallingEndsInTheSameState(@TempDir Path folder)
      throws IOException, InterruptedException {
    Path output = folder.resolve("output");
    ProcessBuilder builder =
        new ProcessBuilder(root().resolve("windows-agent/test/run").toString(), "install")
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().put("TMPDIR", folder.toString());
    Process process = builder.start();
    try {
      process.getOutputStream().close();
      assertTrue(process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES), "windows-agent/test/run hangs");
    } finally {
      // SIGTERM: the script ends what runs in its Wine prefix.
      process.destroy();
      process.waitFor(1, TimeUnit.MINUTES);
      process.destroyForcibly();
    }
    assertEquals(
        0, process.exitValue(), () -> "windows-agent/test/run install:\n" + printed(output));
  }

  private static String printed(Path output) {
    try {
      return Files.readString(output, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve(".mvn"))) {
      folder =
          Optional.ofNullable(folder.getParent())
              .orElseThrow(() -> new AssertionError("no folder above the module holds .mvn"));
    }
    return folder;
  }
}
