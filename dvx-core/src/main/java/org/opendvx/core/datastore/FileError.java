package org.opendvx.core.datastore;

/** Why a file operation was refused; the POSIX and NFS words. */
public enum FileError {
  NOT_PERMITTED,
  NOT_FOUND,
  IO,
  ACCESS_DENIED,
  EXISTS,
  CROSS_DEVICE,
  NOT_DIRECTORY,
  IS_DIRECTORY,
  INVALID,
  FILE_TOO_LARGE,
  NO_SPACE,
  READ_ONLY,
  TOO_MANY_LINKS,
  NAME_TOO_LONG,
  NOT_EMPTY,
  STALE,
  NOT_SYNCHRONIZED,
  BAD_COOKIE,
  NOT_SUPPORTED,
  /** Not now: try the same again in a while. */
  BUSY
}
