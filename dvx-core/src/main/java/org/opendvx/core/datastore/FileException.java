package org.opendvx.core.datastore;

import org.jspecify.annotations.Nullable;

/**
 * A file operation was refused. Cheap: without a stack trace unless it has a cause, since most are
 * everyday answers such as {@code NOT_FOUND}.
 */
public class FileException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final FileError error;

  /** An everyday refusal. */
  public FileException(FileError error, String message) {
    super(message, null, false, false);
    this.error = error;
  }

  /** A refusal because something failed underneath. */
  public FileException(FileError error, String message, @Nullable Throwable cause) {
    super(message, cause, false, true);
    this.error = error;
  }

  /** The reason. */
  public FileError error() {
    return error;
  }
}
