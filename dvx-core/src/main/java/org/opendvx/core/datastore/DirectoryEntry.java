package org.opendvx.core.datastore;

/**
 * A name in a directory.
 *
 * @param cookie the name's bucket in the upper 59, its ordinal among names of that bucket in the
 *     lower 4 bits; the READDIR cookie, the same while the name exists
 */
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
record DirectoryEntry(long cookie, byte[] name, long file, FileType type) {
  private static final int ORDINAL_BITS = 4;

  /** Names of one bucket at the most: more collisions of 59 bits do not happen. */
  static final int MAX_ORDINAL = (1 << ORDINAL_BITS) - 1;

  /** The lowest cookie of any name; those below are for synthetic entries. */
  static final long FIRST_COOKIE = 1L << ORDINAL_BITS;

  static long cookie(long bucket, int ordinal) {
    return bucket << ORDINAL_BITS | ordinal;
  }

  static long bucket(long cookie) {
    return cookie >>> ORDINAL_BITS;
  }

  static int ordinal(long cookie) {
    return (int) cookie & MAX_ORDINAL;
  }
}
