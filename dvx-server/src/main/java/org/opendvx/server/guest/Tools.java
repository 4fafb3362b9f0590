package org.opendvx.server.guest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** The programs that a guest is made of, each call with a time limit. */
final class Tools {
  /** Programs and the Debian packages that hold them. */
  private static final List<List<String>> NEEDED =
      List.of(
          List.of("qemu-storage-daemon", "qemu-system-common"),
          List.of("qemu-img", "qemu-utils"),
          List.of("losetup", "mount"),
          List.of("mount", "mount"),
          List.of("fsfreeze", "util-linux"),
          List.of("dmesg", "util-linux"),
          List.of("mkfs.ext4", "e2fsprogs"),
          List.of("dumpe2fs", "e2fsprogs"),
          List.of("mkfs.xfs", "xfsprogs"),
          List.of("make", "make"),
          List.of("g++", "g++"));

  private static final int MOST_OUTPUT = 1 << 20;
  private static final int TOLD = 600;

  private Tools() {}

  /**
   * What became of a program.
   *
   * @param output standard output and standard error
   */
  record Outcome(int exit, String output) {}

  /** Why no guest can be played here, empty when one can. */
  static Optional<String> missing() {
    if (!"root".equals(System.getProperty("user.name"))) {
      return Optional.of("only root may mount and freeze");
    }
    for (String device : List.of("/dev/fuse", "/dev/loop-control", "/dev/kmsg")) {
      if (!Files.isWritable(Path.of(device))) {
        return Optional.of("there is no " + device);
      }
    }
    for (List<String> program : NEEDED) {
      if (!isOnPath(program.getFirst())) {
        return Optional.of(
            program.getFirst() + " is not here (Debian package " + program.getLast() + ")");
      }
    }
    return Optional.empty();
  }

  private static boolean isOnPath(String program) {
    String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin";
    for (String folder : path.split(":", -1)) {
      if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) {
        return true;
      }
    }
    return false;
  }

  /** Runs a program to its end, whatever that is. */
  static Outcome run(Duration limit, String input, List<String> command)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile("dvx-guest-", ".txt");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
      builder.environment().merge("PATH", "/usr/sbin:/sbin", (path, more) -> path + ":" + more);
      builder.environment().put("LC_ALL", "C");
      Process process = builder.start();
      try {
        try (var stdin = process.getOutputStream()) {
          stdin.write(input.getBytes(StandardCharsets.UTF_8));
        }
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new IOException(
              command.getFirst() + " did not end within " + limit.toSeconds() + " s");
        }
        try (var in = Files.newInputStream(output)) {
          return new Outcome(
              process.exitValue(),
              new String(in.readNBytes(MOST_OUTPUT), StandardCharsets.ISO_8859_1));
        }
      } finally {
        process.destroyForcibly();
      }
    } finally {
      Files.deleteIfExists(output);
    }
  }

  /** Runs a program that must succeed; returns what it printed. */
  static String demand(Duration limit, String... command) throws IOException, InterruptedException {
    return demand(limit, "", List.of(command));
  }

  /** Runs a program that must succeed, with this on its standard input. */
  static String demand(Duration limit, String input, List<String> command)
      throws IOException, InterruptedException {
    Outcome outcome = run(limit, input, new ArrayList<>(command));
    if (outcome.exit() != 0) {
      String said = outcome.output().strip();
      throw DvxException.of(Kind.UNAVAILABLE, "A program of the guest failed")
          .cause(
              command.getFirst()
                  + " ended with "
                  + outcome.exit()
                  + ": "
                  + said.substring(Math.max(0, said.length() - TOLD)))
          .detail("command", String.join(" ", command))
          .build();
    }
    return outcome.output();
  }
}
