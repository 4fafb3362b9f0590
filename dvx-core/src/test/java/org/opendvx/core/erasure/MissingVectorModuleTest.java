package org.opendvx.core.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A JVM that was started without the vector module codes all the same. */
class MissingVectorModuleTest {
  @Test
  void plainWordsStepIn(@TempDir Path folder) throws Exception {
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                CodeOnce.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the JVM did not end");
    } finally {
      process.destroyForcibly();
    }
    String text = Files.readString(output, StandardCharsets.UTF_8);
    assertEquals(0, process.exitValue(), text);
    assertTrue(text.contains("coded with 64-bit words"), text);
    assertTrue(text.contains("--add-modules jdk.incubator.vector"), text);
  }

  /** Runs in the other JVM. */
  static final class CodeOnce {
    private CodeOnce() {}

    public static void main(String[] arguments) {
      byte[][] shards = new byte[6][100];
      for (int i = 0; i < 4; i++) {
        Arrays.fill(shards[i], (byte) (i + 1));
      }
      ErasureCode code = new ErasureCode(4);
      code.reconstruct(shards, new int[6], 100, 0b110000);
      Arrays.fill(shards[1], (byte) 0);
      Arrays.fill(shards[2], (byte) 0);
      code.reconstruct(shards, new int[6], 100, 0b000110);
      if (shards[1][99] != 2 || shards[2][99] != 3) {
        throw new AssertionError("wrong bytes came back");
      }
      System.out.println("coded with " + ErasureCode.implementation());
    }
  }
}
