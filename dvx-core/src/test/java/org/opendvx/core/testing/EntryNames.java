package org.opendvx.core.testing;

import java.nio.charset.StandardCharsets;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;

/** Names of directory entries: bytes, UTF-8 by custom. */
final class EntryNames {
  private EntryNames() {}

  static byte[] utf8(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] name) {
    return new String(name, StandardCharsets.UTF_8);
  }

  /**
   * Refuses what cannot name an entry that is made or taken away.
   *
   * @param forDots the answer for the two dot names
   */
  static void check(byte[] name, FileError forDots) {
    checkLength(name);
    String text = text(name);
    if (text.equals(".") || text.equals("..")) {
      throw new FileException(forDots, text);
    }
    for (byte each : name) {
      if (each == 0 || each == '/') {
        throw new FileException(FileError.INVALID, "a name with NUL or slash");
      }
    }
  }

  /** Refuses a name of no length or too much. */
  static void checkLength(byte[] name) {
    if (name.length == 0) {
      throw new FileException(FileError.INVALID, "an empty name");
    }
    if (name.length > Datastore.MAX_NAME) {
      throw new FileException(FileError.NAME_TOO_LONG, name.length + " bytes");
    }
  }
}
