package org.opendvx.server.security;

import java.util.Locale;

/** What the holder of a token may do; each role may also do what those before it may. */
public enum Role {
  /** Looks. */
  VIEWER,
  /** Takes, restores, clones and deletes snapshots. */
  OPERATOR,
  /** Connects hypervisors, mounts the datastore, gives out tokens. */
  ADMIN;

  /** Whether this role may do what another may. */
  public boolean covers(Role needed) {
    return compareTo(needed) >= 0;
  }

  /** The word for files and messages. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The role of a word.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static Role of(String word) {
    for (Role role : values()) {
      if (role.word().equals(word)) {
        return role;
      }
    }
    throw new IllegalArgumentException("a role is viewer, operator or admin");
  }
}
