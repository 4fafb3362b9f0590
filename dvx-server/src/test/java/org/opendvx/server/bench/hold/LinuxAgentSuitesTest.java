package org.opendvx.server.bench.hold;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.server.guest.AgentProgram;
import org.opendvx.server.testing.SourceHome;

/** The Linux agent's own tests; all of its freeze tests are {@code make freeze-test}. */
class LinuxAgentSuitesTest {
  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void itsUnitTestsPassUnderTheSanitizers() throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/g++")), "g++ is not here");
    String printed = AgentProgram.make(SourceHome.path(), "test");
    assertTrue(printed.contains("unit-tests"), printed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"thaws", "strange_bytes", "busy_agent", "power_off"})
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void someOfItsFreezeTestsPass(String only, @TempDir Path folder)
      throws IOException, InterruptedException {
    Sources.requireGuest();
    AgentProgram.make(SourceHome.path(), "all");
    Path module = SourceHome.path().resolve("linux-agent");
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(
                module.resolve("test/freeze-test").toString(),
                module.resolve("build/dvx-agent").toString(),
                "--only",
                only)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertTrue(process.waitFor(4, TimeUnit.MINUTES), "it hangs");
      assertEquals(0, process.exitValue(), Files.readString(output));
    } finally {
      // It thaws and unmounts when it is told to end, so it is not killed at once.
      process.destroy();
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    }
  }
}
