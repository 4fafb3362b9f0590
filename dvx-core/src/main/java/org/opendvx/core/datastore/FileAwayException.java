package org.opendvx.core.datastore;

/**
 * The file belongs to another root, or is on its way between two: nothing was done. Whoever knows
 * the owners asks the right one; a client that hears of it is told to come again.
 */
public final class FileAwayException extends FileException {
  private static final long serialVersionUID = 1L;

  private final long file;

  FileAwayException(long file) {
    super(FileError.BUSY, "another host has the file");
    this.file = file;
  }

  /** The file's id. */
  public long file() {
    return file;
  }
}
