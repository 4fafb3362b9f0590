package org.opendvx.coordinator.protocol;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Checks of what a message holds. */
final class Limits {
  private static final int UUID_LENGTH = 36;

  private Limits() {}

  /** A text that may be missing. */
  static String text(@Nullable String value, String key, int max) {
    if (value == null) {
      return "";
    }
    if (value.length() > max) {
      throw new ProtocolException(
          RefusalCode.LIMIT, key + " has " + value.length() + " characters, at most " + max);
    }
    return value;
  }

  /**
   * A name that people are shown: no control characters, which could draw anything in a terminal or
   * begin another line of a log.
   */
  static String name(@Nullable String value, String key, int max) {
    String text = text(value, key, max);
    if (text.codePoints().anyMatch(Limits::hidden)) {
      throw bad(key + " holds control characters");
    }
    return text;
  }

  /** A text of the guest's that people are shown; its control characters become blanks. */
  static String line(@Nullable String value, String key, int max) {
    String text = text(value, key, max);
    if (text.codePoints().noneMatch(Limits::hidden)) {
      return text;
    }
    StringBuilder clean = new StringBuilder(text.length());
    text.codePoints().forEach(c -> clean.appendCodePoint(hidden(c) ? ' ' : c));
    return clean.toString();
  }

  /** Control and formatting characters, and halves of a pair. */
  private static boolean hidden(int c) {
    int type = Character.getType(c);
    return Character.isISOControl(c)
        || type == Character.FORMAT
        || type == Character.SURROGATE
        || type == Character.LINE_SEPARATOR
        || type == Character.PARAGRAPH_SEPARATOR;
  }

  /** A text that must be there. */
  static String required(@Nullable String value, String key, int max) {
    if (value == null || value.isEmpty()) {
      throw bad(key + " is missing");
    }
    return text(value, key, max);
  }

  /** A list that may be missing. */
  static <T> List<T> list(@Nullable List<T> value, String key, int max) {
    if (value == null) {
      return List.of();
    }
    if (value.size() > max || value.stream().anyMatch(each -> each == null)) {
      throw new ProtocolException(RefusalCode.LIMIT, key + " has too many elements, or a null");
    }
    return List.copyOf(value);
  }

  /** The freeze that a message belongs to. */
  static UUID session(@Nullable UUID value) {
    if (value == null) {
      throw bad("session is missing");
    }
    return value;
  }

  /** A UUID or an empty text. */
  static String uuidOrEmpty(@Nullable String value, String key) {
    String text = text(value, key, UUID_LENGTH);
    if (!text.isEmpty()) {
      uuid(text, key);
    }
    return text;
  }

  private static void uuid(String text, String key) {
    try {
      if (!UUID.fromString(text).toString().equalsIgnoreCase(text)) {
        throw bad(key + " is not a UUID");
      }
    } catch (IllegalArgumentException e) {
      throw bad(key + " is not a UUID");
    }
  }

  /** Milliseconds. */
  static long millis(long value, String key) {
    if (value < 0 || value > 86_400_000L) {
      throw bad(key + " is out of range");
    }
    return value;
  }

  static ProtocolException bad(String why) {
    return new ProtocolException(RefusalCode.PROTOCOL, why);
  }
}
