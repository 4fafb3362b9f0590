package org.opendvx.server.config;

import java.time.Duration;

/** Where the pool is. */
public record PoolSection(
    @Setting(
            value = "local",
            says =
                "`local`: on the drives of this machine. `remote`: at the data node that this host"
                    + " has joined with `dvx host join`.")
        Kind kind,
    @Setting(
            value = "30s",
            says =
                "How long a call waits for a data node that does not answer, before it fails and is"
                    + " tried again.")
        Duration timeout) {

  /** Checks the time. */
  public PoolSection {
    BadSettingException.unless(
        timeout.toMillis() >= 1000 && timeout.compareTo(Duration.ofMinutes(10)) <= 0,
        "timeout",
        "it is 1s to 10m");
  }

  /** Who keeps the pool. */
  public enum Kind {
    LOCAL,
    REMOTE
  }
}
