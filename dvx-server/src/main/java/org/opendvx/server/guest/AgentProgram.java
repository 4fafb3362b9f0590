package org.opendvx.server.guest;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/** The Linux agent, built from its sources. */
final class AgentProgram {
  private static final Duration LIMIT = Duration.ofMinutes(9);

  private AgentProgram() {}

  /**
   * Builds what has changed; one build at a time on this machine.
   *
   * @param home the source tree
   */
  static Path build(Path home) throws IOException, InterruptedException {
    Path module = home.resolve("linux-agent");
    Path build = Files.createDirectories(module.resolve("build"));
    try (FileChannel channel =
            FileChannel.open(
                build.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock _ = channel.lock()) {
      Tools.demand(LIMIT, "make", "-j2", "-C", module.toString());
    }
    return build.resolve("dvx-agent");
  }
}
