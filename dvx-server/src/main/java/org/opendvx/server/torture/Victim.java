package org.opendvx.server.torture;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.opendvx.server.torture.drive.LyingDrives;

/**
 * Processes that die.
 *
 * @param arguments for {@code dvx torture engine-victim}, but the stage
 * @param log where they write their errors
 */
record Victim(List<String> arguments, Path log) {
  /** The exit code of one that only opened the store. */
  static final int OPENED = 76;

  /** The exit code of one that could not open the store for want of room. */
  static final int NO_ROOM = 77;

  private static final long END_SECONDS = 60;
  private static final long START_SECONDS = 300;

  Victim {
    arguments = List.copyOf(arguments);
  }

  private ProcessBuilder process(int stage) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "org.opendvx.server.Main",
                "torture",
                "engine-victim"));
    command.addAll(arguments);
    command.addAll(List.of("--stage", Integer.toString(stage)));
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.to(log(stage).toFile()));
  }

  private Path log(int stage) {
    return log.resolveSibling(log.getFileName() + "." + stage);
  }

  /**
   * Runs one that works, and kills it after some operations, unless it dies before.
   *
   * @param told takes note of what it tells
   * @return what is wrong if it ends otherwise
   */
  String work(int wanted, boolean mayBeFull, Told told) throws IOException, InterruptedException {
    Process process = process(0).start();
    boolean kill = false;
    Thread watch = Thread.ofVirtual().start(() -> limit(process));
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      String line;
      while ((line = lines.readLine()) != null) {
        told.note(line);
        if (!kill && told.operations() >= wanted) {
          kill = true;
          // It goes on while this happens; what it still tells is read.
          boolean _ = process.toHandle().destroyForcibly();
        }
      }
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        return "the victim does not die";
      }
      return kill ? "" : judge(process.exitValue(), 0, mayBeFull);
    } finally {
      watch.interrupt();
      process.destroyForcibly();
    }
  }

  /** Runs one that only opens what is there; gives what is wrong. */
  String open(int stage, boolean mayBeFull) throws IOException, InterruptedException {
    Process process = process(stage).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    try {
      if (!process.waitFor(START_SECONDS, TimeUnit.SECONDS)) {
        return "the victim does not open the store";
      }
      return process.exitValue() == OPENED ? "" : judge(process.exitValue(), stage, mayBeFull);
    } finally {
      process.destroyForcibly();
    }
  }

  private String judge(int exit, int stage, boolean mayBeFull) throws IOException {
    boolean expected = exit == LyingDrives.POWER_CODE || (exit == NO_ROOM && mayBeFull);
    return expected
        ? ""
        : "the victim ended by itself, with " + exit + ": " + Files.readString(log(stage));
  }

  /** How much went wrong with the drives of the process of a stage. */
  long struck(int stage) throws IOException {
    return LyingDrives.struck(Files.readAllLines(log(stage)));
  }

  private static void limit(Process process) {
    try {
      if (!process.waitFor(START_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException _) {
      // The victim is dead, nobody needs to be watched.
      Thread.currentThread().interrupt();
    }
  }
}
