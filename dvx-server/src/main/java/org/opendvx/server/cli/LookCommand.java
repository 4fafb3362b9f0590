package org.opendvx.server.cli;

import java.time.Duration;
import picocli.CommandLine.Option;

/** A command that only looks, and can go on looking. */
abstract class LookCommand extends ClientCommand {
  private static final Duration PAUSE = Duration.ofSeconds(2);

  @Option(
      names = {"-w", "--watch"},
      description = "Show it again every two seconds until interrupted.")
  private boolean watch;

  /** Shows it once. */
  abstract void look(RestClient node);

  @Override
  final int run(RestClient node) {
    look(node);
    while (watch && pause()) {
      if (environment().bar() == null) {
        out().println();
      } else {
        out().print("\033[H\033[2J");
      }
      look(node);
    }
    return 0;
  }

  private static boolean pause() {
    try {
      Thread.sleep(PAUSE);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
