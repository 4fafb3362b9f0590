package org.opendvx.server.guest;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The Linux agent, built from its sources. */
public final class AgentProgram {
  private static final Duration LIMIT = Duration.ofMinutes(9);

  private AgentProgram() {}

  /**
   * Builds what has changed; one build at a time on this machine.
   *
   * @param home the source tree
   */
  static Path build(Path home) throws IOException, InterruptedException {
    make(home, "all");
    return home.resolve("linux-agent/build/dvx-agent");
  }

  /**
   * Runs make in the agent's folder, one at a time on this machine.
   *
   * @param arguments targets and variables
   * @return what it printed
   */
  public static String make(Path home, String... arguments)
      throws IOException, InterruptedException {
    Path module = home.resolve("linux-agent");
    Path build = Files.createDirectories(module.resolve("build"));
    try (FileChannel channel =
            FileChannel.open(
                build.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock _ = channel.lock()) {
      List<String> command = new ArrayList<>(List.of("make", "-j2", "-C", module.toString()));
      command.addAll(List.of(arguments));
      return Tools.demand(LIMIT, "", command);
    }
  }
}
