package org.opendvx.core.error;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The four parts of an error that reaches a person. No part may hold a secret.
 *
 * @param what what happened, as one sentence without a closing full stop
 * @param cause why it happened, as far as that is known; empty if it is not
 * @param remedy what the reader can do about it; empty if nothing is known to help
 * @param details names and values that help to find the spot, in the order in which they were given
 */
public record ErrorReport(String what, String cause, String remedy, Map<String, String> details) {

  /** Checks the parts and takes an unmodifiable copy of the details. */
  public ErrorReport {
    Objects.requireNonNull(cause, "cause");
    Objects.requireNonNull(remedy, "remedy");
    if (what.isBlank()) {
      throw new IllegalArgumentException("an error report must say what happened");
    }
    details = Collections.unmodifiableMap(new LinkedHashMap<>(details));
  }

  /**
   * The report as several lines for a terminal or a log, with no line break at the end. Parts that
   * are empty are left out.
   */
  public String render() {
    StringBuilder text = new StringBuilder("error: ").append(indented(what));
    if (!cause.isBlank()) {
      text.append("\n  cause:   ").append(indented(cause));
    }
    if (!remedy.isBlank()) {
      text.append("\n  to do:   ").append(indented(remedy));
    }
    if (!details.isEmpty()) {
      text.append("\n  details:");
      details.forEach(
          (name, value) ->
              text.append("\n    ").append(name).append(" = ").append(indented(value)));
    }
    return text.toString();
  }

  /** Keeps the continuation lines of a part inside its column. */
  private static String indented(String part) {
    return part.strip().replaceAll("\\R", "\n           ");
  }
}
