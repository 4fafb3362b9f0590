package org.opendvx.server.rest;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.Stragglers;

/** Reads query parameters and members of bodies. */
final class Params {
  private static final int DEFAULT_LIMIT = 100;
  private static final int MAX_LIMIT = 1000;

  private Params() {}

  /** Items on a page. */
  static int limit(@Nullable String text) {
    if (text == null) {
      return DEFAULT_LIMIT;
    }
    if (!text.matches("\\d{1,6}") || Integer.parseInt(text) < 1) {
      throw bad("limit", "is a number from 1 to " + MAX_LIMIT);
    }
    return Math.min(Integer.parseInt(text), MAX_LIMIT);
  }

  /** Where a page starts. */
  static long cursor(@Nullable String text) {
    if (text == null || text.isEmpty()) {
      return 0;
    }
    if (!text.matches("\\d{1,18}")) {
      throw bad("cursor", "is what the page before gave as next");
    }
    return Long.parseLong(text);
  }

  /** Seconds to wait. */
  static int seconds(@Nullable String text, int max) {
    if (text == null) {
      return 0;
    }
    if (!text.matches("\\d{1,4}")) {
      throw bad("wait", "is a number of seconds, at most " + max);
    }
    return Math.min(Integer.parseInt(text), max);
  }

  /** A moment. */
  static Instant time(String name, @Nullable String text, Instant missing) {
    if (text == null) {
      return missing;
    }
    try {
      return Instant.parse(text);
    } catch (DateTimeParseException e) {
      throw bad(name, "is a moment such as 2026-01-31T12:00:00Z");
    }
  }

  /** Labels, each as {@code key=value}. */
  static Map<String, String> labels(List<String> texts) {
    Map<String, String> labels = new LinkedHashMap<>();
    for (String text : texts) {
      int sign = text.indexOf('=');
      if (sign < 1) {
        throw bad("label", "has the form key=value");
      }
      labels.put(text.substring(0, sign), text.substring(sign + 1));
    }
    return labels;
  }

  /** What to do about the guest; TRY when nothing is said. */
  static SnapshotPolicy policy(@Nullable String word) {
    return switch (word) {
      case null -> SnapshotPolicy.TRY;
      case "try" -> SnapshotPolicy.TRY;
      case "require" -> SnapshotPolicy.REQUIRE;
      case "off" -> SnapshotPolicy.OFF;
      default -> throw bad("policy", "is require, try or off");
    };
  }

  /** What becomes of a group with a straggler; VOID when nothing is said. */
  static Stragglers stragglers(@Nullable String word) {
    return switch (word) {
      case null -> Stragglers.VOID;
      case "void" -> Stragglers.VOID;
      case "drop" -> Stragglers.DROP;
      default -> throw bad("stragglers", "is drop or void");
    };
  }

  /** A member that must be there. */
  static String required(String name, @Nullable String value) {
    if (value == null || value.isBlank()) {
      throw bad(name, "must be given");
    }
    return value;
  }

  /** A body that must be there. */
  static <T> T body(@Nullable T body) {
    if (body == null) {
      throw DvxException.of(Kind.INVALID, "The request has no body")
          .cause("This request takes a JSON object")
          .remedy("GET /api/v1/openapi.yaml describes what each request takes")
          .build();
    }
    return body;
  }

  /** A text, empty when it is missing. */
  static String orEmpty(@Nullable String value) {
    return value == null ? "" : value;
  }

  static DvxException bad(String name, String rule) {
    return DvxException.of(Kind.INVALID, "The request cannot be understood")
        .cause(name + " " + rule)
        .remedy("Correct it and send it again")
        .build();
  }
}
