package org.opendvx.core.nfs.mount;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Who says that it has mounted what: for people only, since clients vanish without a word. Bounded;
 * the oldest go first. Thread-safe.
 */
public final class MountTable {
  private static final int LIMIT = 1024;

  private final Set<Mount> mounts = new LinkedHashSet<>();

  /**
   * A mount.
   *
   * @param client address
   * @param path as the client gave it
   */
  public record Mount(String client, String path) {}

  synchronized void add(Mount mount) {
    mounts.remove(mount);
    mounts.add(mount);
    if (mounts.size() > LIMIT) {
      mounts.remove(mounts.iterator().next());
    }
  }

  synchronized void remove(Mount mount) {
    mounts.remove(mount);
  }

  synchronized void removeAll(String client) {
    mounts.removeIf(mount -> mount.client().equals(client));
  }

  /** All, in the order of the last MNT call. */
  public synchronized Collection<Mount> all() {
    return List.copyOf(mounts);
  }
}
