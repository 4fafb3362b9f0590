package org.opendvx.server.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Built by {@code packaging/build}, looked at by dpkg-deb, rpm and systemd-analyze. */
@Timeout(300)
class PackagesTest {
  private static final Path TREE = Objects.requireNonNull(Path.of("").toAbsolutePath().getParent());
  private static final long SECONDS = 120;
  private static final List<String> UNITS =
      List.of("dvx-serve", "dvx-host", "dvx-datanode", "dvx-forwarder");

  @TempDir static Path scratch;
  private static Path deb = Path.of("");
  private static Path rpm = Path.of("");

  @BeforeAll
  static void build() throws Exception {
    Path lib = Files.createDirectory(scratch.resolve("lib"));
    int classes = 0;
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path path = Path.of(entry);
      if (entry.endsWith(".jar") && !entry.endsWith("-tests.jar")) {
        Files.copy(path, lib.resolve(path.getFileName()));
      } else if (path.endsWith("classes")) {
        classes++;
        run(
            Path.of(System.getProperty("java.home"), "bin", "jar").toString(),
            "--create",
            "--file",
            lib.resolve("classes" + classes + ".jar").toString(),
            "-C",
            entry,
            ".");
      }
    }
    Path out = scratch.resolve("out");
    run(
        TREE.resolve("packaging/build").toString(),
        "--lib",
        lib.toString(),
        "--out",
        out.toString());
    deb = only(out, ".deb");
    rpm = only(out, ".rpm");
  }

  @Test
  void debianPackageRunsWhereItIsUnpackedAndHoldsWhatItsUnitsCall() throws Exception {
    Path root = scratch.resolve("root");
    run("dpkg-deb", "-x", deb.toString(), root.toString());
    String version = run(root.resolve("usr/bin/dvx").toString(), "--version");
    assertTrue(version.startsWith("OpenDVX "), version);
    for (String unit : UNITS) {
      String text = Files.readString(root.resolve("usr/lib/systemd/system/" + unit + ".service"));
      List<String> starts = text.lines().filter(line -> line.startsWith("ExecStart=")).toList();
      assertEquals(1, starts.size(), unit);
      String[] words = starts.getFirst().split("[= ]", -1);
      assertTrue(Files.isExecutable(root.resolve("." + words[1])), starts.getFirst());
      // Each command of a unit is one that there is.
      run(root.resolve("usr/bin/dvx").toString(), words[2], "--help");
      for (int i = 3; i < words.length; i++) {
        if (words[i].startsWith("/etc/")) {
          assertTrue(Files.isRegularFile(root.resolve("." + words[i])), words[i]);
        }
      }
      Stream<String> documents =
          text.lines().filter(line -> line.startsWith("Documentation=file:"));
      assertTrue(
          documents.allMatch(line -> Files.exists(root.resolve("." + line.substring(19)))), text);
    }
    String conffiles = run("dpkg-deb", "-I", deb.toString(), "conffiles");
    for (String line : conffiles.lines().toList()) {
      assertTrue(Files.exists(root.resolve("." + line)), line);
    }
    assertTrue(conffiles.contains("/etc/opendvx/dvx.yaml"), conffiles);
  }

  @Test
  void unitsAreUnderstoodBySystemd() throws Exception {
    Path root = scratch.resolve("verify");
    run("dpkg-deb", "-x", deb.toString(), root.toString());
    // The targets that every system has.
    for (String target :
        List.of(
            "sysinit.target",
            "basic.target",
            "shutdown.target",
            "network-online.target",
            "local-fs.target",
            "multi-user.target",
            "-.mount",
            "tmp.mount")) {
      String section = target.endsWith(".mount") ? "[Mount]\nWhat=x\nWhere=" : "[Unit]\n";
      String where = target.equals("-.mount") ? "/\n" : "/tmp\n";
      Files.writeString(
          root.resolve("usr/lib/systemd/system/" + target),
          target.endsWith(".mount") ? section + where : section);
    }
    ProcessBuilder verify =
        new ProcessBuilder(
            Stream.concat(
                    Stream.of("systemd-analyze", "--root=" + root, "verify"),
                    UNITS.stream().map(unit -> unit + ".service"))
                .toList());
    String said = output(verify).text();
    List<String> aboutOurs =
        said.lines()
            .filter(line -> line.contains("dvx-"))
            .filter(line -> !line.contains("man "))
            .toList();
    assertEquals(List.of(), aboutOurs, said);
  }

  @Test
  void rpmHoldsTheSameFilesAndKeepsConfigurations() throws Exception {
    List<String> inDeb =
        run("dpkg-deb", "-c", deb.toString())
            .lines()
            .map(line -> line.replaceFirst("^\\S+\\s+\\S+\\s+\\S+\\s+\\S+\\s+\\S+\\s+\\.", ""))
            .map(line -> line.replaceFirst(" -> .*", ""))
            .filter(line -> !line.endsWith("/"))
            .sorted()
            .toList();
    List<String> inRpm =
        run(
                "rpm",
                "-qp",
                "--nosignature",
                "--qf",
                "[%{FILEMODES:perms} %{FILENAMES}\n]",
                rpm.toString())
            .lines()
            .filter(line -> !line.startsWith("d"))
            .map(line -> line.substring(line.indexOf('/')))
            .sorted()
            .toList();
    assertFalse(inDeb.isEmpty());
    assertEquals(inDeb, inRpm);
    String configurations = run("rpm", "-qpc", "--nosignature", rpm.toString());
    assertTrue(configurations.contains("/etc/opendvx/datanode.yaml"), configurations);
    String scripts = run("rpm", "-qp", "--nosignature", "--scripts", rpm.toString());
    assertTrue(scripts.contains("useradd") && scripts.contains("dvx learn"), scripts);
    assertFalse(scripts.contains("@AFTER") || scripts.contains("@AT_LAST"), scripts);
  }

  private static Path only(Path folder, String ending) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> found = files.filter(file -> file.toString().endsWith(ending)).toList();
      assertEquals(1, found.size(), found.toString());
      return found.getFirst();
    }
  }

  private static String run(String... command) throws Exception {
    Ended ended = output(new ProcessBuilder(command));
    assertEquals(0, ended.code(), String.join(" ", command) + ": " + ended.text());
    return ended.text();
  }

  private record Ended(int code, String text) {}

  private static Ended output(ProcessBuilder builder) throws Exception {
    Path text = Files.createTempFile(scratch, "said", ".txt");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.redirectErrorStream(true).redirectOutput(text.toFile()).start();
    try {
      assertTrue(process.waitFor(SECONDS, TimeUnit.SECONDS), builder.command().toString());
      return new Ended(process.exitValue(), Files.readString(text));
    } finally {
      process.destroyForcibly();
    }
  }
}
