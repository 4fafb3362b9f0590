package org.opendvx.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Rules over the text of the whole repository, as far as no compiler and no formatter holds them.
 */
class RepositoryLintTest {
  private static final int MAX_JAVA_LINES = 600;
  private static final long MAX_TEXT_BYTES = 4L << 20;

  /** Written in pieces, so that this file obeys its own rules. */
  private static final Pattern UNFINISHED = Pattern.compile("\\b(TO" + "DO|FIX" + "ME)\\b");

  private static final Pattern REGISTRY_HOST =
      Pattern.compile(
          "(?i)\\b("
              + String.join(
                  "|",
                  "repo1?\\.maven",
                  "central\\.sonatype",
                  "oss\\.sonatype",
                  "registry\\.npmjs",
                  "(deb|security|ftp)\\.debian\\.org",
                  "pypi\\.org",
                  "pythonhosted\\.org",
                  "proxy\\.golang\\.org",
                  "sum\\.golang\\.org",
                  "crates\\.io")
              + ")");

  private static final Pattern MACHINE_PATH =
      Pattern.compile("(?m)(^|[\\s\"'`(=:,>\\[])/(work|root)(?![\\w-])");

  private static List<TextFile> files = List.of();

  /** A file under version control; the path is relative to the root and uses {@code /}. */
  private record TextFile(String path, String text) {
    boolean isJava() {
      return path.endsWith(".java");
    }
  }

  @BeforeAll
  static void readTheRepository(@TempDir Path scratch) throws IOException, InterruptedException {
    Path root = root();
    List<TextFile> found = new ArrayList<>();
    for (String name : listedFiles(root, scratch)) {
      Path file = root.resolve(name);
      if (Files.isRegularFile(file) && Files.size(file) <= MAX_TEXT_BYTES) {
        textOf(file).ifPresent(text -> found.add(new TextFile(name, text)));
      }
    }
    files = List.copyOf(found);
    assertTrue(files.stream().anyMatch(TextFile::isJava), "no Java file found below " + root);
  }

  @Test
  void javaFilesStayShort() {
    assertNone(
        "over " + MAX_JAVA_LINES + " lines",
        files.stream()
            .filter(file -> file.isJava() && file.text().lines().count() > MAX_JAVA_LINES)
            .map(TextFile::path)
            .toList());
  }

  @Test
  void javaFilesHoldNothingUnfinished() {
    assertNone("unfinished work marked in", matches(UNFINISHED, true));
  }

  @Test
  void javaFilesHoldNoTabs() {
    assertNone("tab in", matches(Pattern.compile("\t"), true));
  }

  @Test
  void noFileNamesThePackageRegistryOfOneMachine() {
    assertNone("package registry named in", matches(REGISTRY_HOST, false));
  }

  @Test
  void noFileNamesAPathOfOneMachine() {
    assertNone("path of one machine named in", matches(MACHINE_PATH, false));
  }

  @Test
  void theRulesCatchWhatTheyAreMadeFor() {
    assertTrue(UNFINISHED.matcher("// TO" + "DO later").find());
    assertTrue(REGISTRY_HOST.matcher("https://registry" + ".npmjs.org/x").find());
    assertTrue(MACHINE_PATH.matcher("cd /wo" + "rk/main").find());
    assertTrue(MACHINE_PATH.matcher("\"/ro" + "ot\"").find());
    assertFalse(MACHINE_PATH.matcher("http://maven.apache.org/xsd a/work /worker").find());
  }

  private static List<String> matches(Pattern pattern, boolean javaOnly) {
    List<String> hits = new ArrayList<>();
    for (TextFile file : files) {
      if (javaOnly && !file.isJava()) {
        continue;
      }
      int number = 0;
      for (String line : file.text().split("\n", -1)) {
        number++;
        if (pattern.matcher(line).find()) {
          hits.add(file.path() + ":" + number);
        }
      }
    }
    return hits;
  }

  private static void assertNone(String what, List<String> hits) {
    assertEquals(List.of(), hits, what);
  }

  /** The folder of the parent pom; Surefire runs tests in the module's folder. */
  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve(".mvn"))) {
      Path parent = folder.getParent();
      assertTrue(parent != null, "no folder above the module holds .mvn");
      folder = Optional.ofNullable(parent).orElseThrow();
    }
    return folder;
  }

  /** What git tracks or would track. */
  private static List<String> listedFiles(Path root, Path scratch)
      throws IOException, InterruptedException {
    Path output = scratch.resolve("files");
    Process git =
        new ProcessBuilder("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
            .directory(root.toFile())
            .redirectOutput(output.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertTrue(git.waitFor(60, TimeUnit.SECONDS), "git does not answer");
      assertEquals(0, git.exitValue(), "git ls-files failed in " + root);
    } finally {
      git.destroyForcibly();
    }
    return List.of(Files.readString(output).split("\0"));
  }

  /** The text, or empty for bytes that are no UTF-8 text. */
  private static Optional<String> textOf(Path file) throws IOException {
    try {
      String text = Files.readString(file, StandardCharsets.UTF_8);
      return text.indexOf('\0') < 0 ? Optional.of(text) : Optional.empty();
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }
}
