package org.opendvx.server.config;

/** How space that nobody refers to any more is given back. */
public record CleanerSection(
    @Setting(
            value = "on",
            says =
                "`on`: in the background; `off`: not by itself, so that deleting frees nothing"
                    + " until it is on again or `dvx clean run` is given.")
        Mode mode,
    @Setting(
            value = "96MiB",
            says = "Live data that it copies a second at the most, unless space is short.")
        ByteSize rate) {

  /** Whether the cleaner runs. */
  public enum Mode {
    ON,
    OFF
  }

  /** Checks the rate. */
  public CleanerSection {
    BadSettingException.unless(rate.bytes() >= 1 << 20, "rate", "it is at least 1MiB");
  }
}
