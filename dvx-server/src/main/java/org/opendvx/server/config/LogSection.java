package org.opendvx.server.config;

/** The log, on standard error. */
public record LogSection(
    @Setting(value = "text", says = "`text`: a line for people; `json`: one JSON object a line.")
        Format format,
    @Setting(value = "info", says = "The least that is logged: `error`, `warn`, `info`, `debug`.")
        Level level) {

  /** How a line looks. */
  public enum Format {
    TEXT,
    JSON
  }

  /** How much is logged. */
  public enum Level {
    ERROR,
    WARN,
    INFO,
    DEBUG
  }
}
