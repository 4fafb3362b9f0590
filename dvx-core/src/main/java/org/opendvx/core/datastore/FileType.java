package org.opendvx.core.datastore;

/** What a file id stands for. Codes are those of the inode format and never change. */
public enum FileType {
  REGULAR(1),
  DIRECTORY(2),
  SYMLINK(3),
  FIFO(4),
  SOCKET(5),
  CHARACTER_DEVICE(6),
  BLOCK_DEVICE(7);

  private final int code;

  FileType(int code) {
    this.code = code;
  }

  /** The number stored on disk. */
  public int code() {
    return code;
  }
}
