package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;

/** Tells apart what an I/O error says about a drive. */
final class IoErrors {
  private IoErrors() {}

  /** A full file system: the drive is sound, and stays a member. */
  static boolean isNoSpace(IOException error) {
    if (error instanceof FileSystemException named && named.getReason() != null) {
      return saysNoSpace(named.getReason());
    }
    String message = error.getMessage();
    return message != null && saysNoSpace(message);
  }

  /** One line for a status or a log. */
  static String brief(IOException error) {
    if (error instanceof NoSuchFileException missing) {
      return "not found: " + missing.getFile();
    }
    String message = error.getMessage();
    return message == null || message.isBlank() ? error.getClass().getSimpleName() : message;
  }

  /** The texts that libc has for ENOSPC and EDQUOT, which is all that Java passes on. */
  private static boolean saysNoSpace(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    return lower.contains("no space left on device") || lower.contains("quota exceeded");
  }
}
