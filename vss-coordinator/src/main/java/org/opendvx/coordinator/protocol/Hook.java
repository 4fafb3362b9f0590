package org.opendvx.coordinator.protocol;

import org.jspecify.annotations.Nullable;

/** A script of the guest's administrator that ran before the freeze or after the thaw. */
public record Hook(String name, String phase, int exit, long millis, String output) {
  private static final int MAX_OUTPUT = 4_096;

  /** Checks the limits. */
  public Hook(
      @Nullable String name,
      @Nullable String phase,
      int exit,
      long millis,
      @Nullable String output) {
    this.name = Limits.line(name, "hook.name", 512);
    this.phase = Limits.line(phase, "hook.phase", 64);
    this.exit = exit;
    this.millis = Limits.millis(millis, "hook.millis");
    this.output = Limits.line(output, "hook.output", MAX_OUTPUT);
  }
}
