package org.opendvx.server.config;

/** A key of the configuration that cannot be used as it is. */
final class BadSettingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String key;
  private final String reason;
  private final String nearest;

  /**
   * A refusal.
   *
   * @param key its full name, or its name within the record that checks it
   * @param reason what is wrong, as a clause
   * @param nearest the full name of the key that was probably meant, empty when none is near
   */
  BadSettingException(String key, String reason, String nearest) {
    super(key + ": " + reason);
    this.key = key;
    this.reason = reason;
    this.nearest = nearest;
  }

  /** The same about a key of a record that stands below another key. */
  BadSettingException below(String at) {
    return new BadSettingException(SettingReader.join(at, key), reason, nearest);
  }

  String key() {
    return key;
  }

  String reason() {
    return reason;
  }

  String nearest() {
    return nearest;
  }

  /** Refuses a value unless a condition holds. */
  static void unless(boolean holds, String key, String reason) {
    if (!holds) {
      throw new BadSettingException(key, reason, "");
    }
  }
}
