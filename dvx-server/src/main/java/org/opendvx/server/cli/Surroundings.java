package org.opendvx.server.cli;

import picocli.CommandLine.Model.CommandSpec;

/** The topmost command, from which the others learn what surrounds them. */
public interface Surroundings {
  /** What surrounds the command. */
  Environment environment();

  /** What surrounds a command. */
  static Environment of(CommandSpec spec) {
    return spec.root().userObject() instanceof Surroundings top
        ? top.environment()
        : Environment.process();
  }
}
