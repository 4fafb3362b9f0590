package org.opendvx.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the launcher in a source tree of its own, with a Maven and JDKs that only note the call. */
class LauncherTest {
  /** Fits the launcher's idea of a JDK; {@code java} tells its folder and ends with code 7. */
  private static final String FAKE_JAVA =
      """
      #!/bin/sh
      echo "java of $(basename "$JAVA_HOME"): $*"
      exit 7
      """;

  private static final String FAKE_MAVEN =
      """
      #!/bin/sh
      echo "$JAVA_HOME $*" >>"$MAVEN_CALLS"
      [ ! -e broken ] || { echo "[ERROR] it does not compile"; exit 1; }
      mkdir -p dvx-server/target/lib
      echo jar >dvx-server/target/lib/dvx-core-1.jar
      echo jar >dvx-server/target/dvx-server-1.jar
      """;

  @TempDir private Path scratch = Path.of("");

  private Path tree = Path.of("");

  private record Outcome(int code, String out, String err) {}

  @BeforeEach
  void layOutTheTree() throws IOException {
    tree = Files.createDirectories(scratch.resolve("a tree"));
    Path repository = Path.of("").toAbsolutePath().resolveSibling("dvx");
    Files.copy(repository, tree.resolve("dvx"), StandardCopyOption.COPY_ATTRIBUTES);
    Path scripts = Files.createDirectory(tree.resolve("scripts"));
    Files.copy(repository.resolveSibling("scripts").resolve("java.sh"), scripts.resolve("java.sh"));
    Files.createDirectories(tree.resolve(".mvn"));
    Files.writeString(tree.resolve("pom.xml"), "<project/>");
    Files.createDirectories(tree.resolve("dvx-server/src/main"));
    Files.writeString(tree.resolve("dvx-server/pom.xml"), "<project/>");
    executable(scratch.resolve("bin/mvn"), FAKE_MAVEN);
    Files.createDirectories(scratch.resolve("jvm"));
  }

  @Test
  void takesTheNewestJdkThatHasACompiler() throws Exception {
    jdk("java-9", "9.0.4");
    jdk("java-17", "17.0.15");
    jdk("java-25", "25.0.3");
    jdk("java-26", "26-ea");
    Files.delete(jdk("java-31", "31").resolve("bin/javac"));

    assertTrue(dvx("status").out().startsWith("java of java-26:"));
  }

  @Test
  void takesJavaHomeFirstWhenItIsNewEnough() throws Exception {
    Path good = jdk("java-25", "25.0.3");
    jdk("java-26", "26");
    Path old = jdk("java-17", "17");

    assertTrue(dvxWith(good.toString(), "status").out().startsWith("java of java-25:"));
    assertTrue(dvxWith(old.toString(), "status").out().startsWith("java of java-26:"));
  }

  @Test
  void withoutAJdkItFailsInFourParts() throws Exception {
    jdk("java-17", "17.0.15");

    Outcome outcome = dvx("status");

    assertEquals(1, outcome.code());
    List<String> lines = outcome.err().lines().toList();
    assertTrue(lines.getFirst().startsWith("error: "), outcome.err());
    assertTrue(lines.get(1).startsWith("  cause: "), outcome.err());
    assertTrue(lines.get(2).startsWith("  to do: "), outcome.err());
    assertTrue(outcome.err().contains("java-17 (JDK 17)"), outcome.err());
  }

  @Test
  void buildsOnceAndAgainOnlyWhenASourceChanged() throws Exception {
    Path jdk = jdk("java-25", "25.0.3");

    assertTrue(dvx("status").err().contains("building"));
    assertFalse(dvx("status").err().contains("building"));
    Files.writeString(tree.resolve("dvx-server/src/main/A.java"), "class A {}");
    assertTrue(dvx("status").err().contains("building"));

    List<String> calls = Files.readAllLines(scratch.resolve("calls"));
    assertEquals(2, calls.size(), calls.toString());
    assertTrue(calls.getFirst().startsWith(jdk + " "), calls.toString());
  }

  @Test
  void aFailedBuildIsToldAndRunsNothing() throws Exception {
    jdk("java-25", "25.0.3");
    Files.writeString(tree.resolve("broken"), "");

    Outcome outcome = dvx("status");

    assertEquals(1, outcome.code());
    assertEquals("", outcome.out());
    assertTrue(outcome.err().contains("it does not compile"), outcome.err());
    Files.delete(tree.resolve("broken"));
    assertEquals(7, dvx("status").code());
  }

  @Test
  void argumentsAndTheExitCodePassThrough() throws Exception {
    jdk("java-25", "25.0.3");

    Outcome outcome = dvx("vm", "create", "two words");

    assertEquals(7, outcome.code());
    assertTrue(
        outcome.out().stripTrailing().endsWith("org.opendvx.server.Main vm create two words"));
  }

  @Test
  void worksThroughASymbolicLinkFromAnotherFolder() throws Exception {
    jdk("java-25", "25.0.3");
    Path link = Files.createSymbolicLink(scratch.resolve("bin/dvx"), tree.resolve("dvx"));

    assertEquals(7, run("", link.toString(), "status").code());
  }

  @Test
  void theEngineGetsTheVectorApiAndShortCommandsDoNot() throws Exception {
    jdk("java-25", "25.0.3");

    assertTrue(dvx("serve").out().contains("--add-modules jdk.incubator.vector"));
    assertFalse(dvx("status").out().contains("--add-modules"));
  }

  private Path jdk(String name, String version) throws IOException {
    Path home = scratch.resolve("jvm").resolve(name);
    executable(home.resolve("bin/javac"), "#!/bin/sh\n");
    executable(home.resolve("bin/java"), FAKE_JAVA);
    Files.writeString(
        home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
    return home;
  }

  private static void executable(Path file, String text) throws IOException {
    Files.createDirectories(file.resolveSibling("."));
    Files.writeString(file, text);
    assertTrue(file.toFile().setExecutable(true));
  }

  private Outcome dvx(String... arguments) throws Exception {
    return dvxWith("", arguments);
  }

  private Outcome dvxWith(String javaHome, String... arguments) throws Exception {
    String[] command = new String[arguments.length + 1];
    command[0] = tree.resolve("dvx").toString();
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    return run(javaHome, command);
  }

  private Outcome run(String javaHome, String... command) throws Exception {
    Path out = scratch.resolve("out");
    Path err = scratch.resolve("err");
    ProcessBuilder builder = new ProcessBuilder(Arrays.asList(command)).directory(scratch.toFile());
    builder.environment().put("PATH", scratch.resolve("bin") + ":" + System.getenv("PATH"));
    builder.environment().put("DVX_JVM_ROOT", scratch.resolve("jvm").toString());
    builder.environment().put("JAVA_HOME", javaHome);
    builder.environment().put("MAVEN_CALLS", scratch.resolve("calls").toString());
    builder.environment().remove("DVX_JAVA_OPTS");
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    try {
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the launcher hangs");
    } finally {
      process.destroyForcibly();
    }
    return new Outcome(process.exitValue(), Files.readString(out), Files.readString(err));
  }
}
