package org.opendvx.server.bench.hold;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.opendvx.server.guest.LinuxGuest;

/** What tests of guests need of this machine. */
final class Sources {
  private Sources() {}

  /** Skips the test, with the reason, where no guest can be played. */
  static void requireGuest() {
    Optional<String> reason = LinuxGuest.whyNot();
    assumeTrue(reason.isEmpty(), () -> "no Linux guest here: " + reason.orElseThrow());
  }

  /** Runs a program that must succeed. */
  static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).inheritIO().start();
    try {
      assertTrue(process.waitFor(1, TimeUnit.MINUTES), command[0] + " hangs");
      assertEquals(0, process.exitValue(), String.join(" ", command));
    } finally {
      process.destroyForcibly();
    }
  }

  /** Random writes on a folder; kill it when its file system is thawed. */
  static Process fio(Path folder, Path log) throws IOException {
    return new ProcessBuilder(
            "fio",
            "--name=load",
            "--thread",
            "--directory=" + folder,
            "--size=16m",
            "--rw=randwrite",
            "--bs=4k",
            "--rate_iops=100",
            "--time_based",
            "--runtime=1200",
            "--ioengine=psync")
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
        .start();
  }
}
