package org.opendvx.coordinator.protocol;

import org.jspecify.annotations.Nullable;

/** A volume that is not frozen, and why. */
public record Skipped(String volume, String reason) {
  private static final int MAX = 512;

  /** Checks the limits. */
  public Skipped(@Nullable String volume, @Nullable String reason) {
    this.volume = Limits.line(volume, "skipped.volume", MAX);
    this.reason = Limits.line(reason, "skipped.reason", MAX);
  }
}
