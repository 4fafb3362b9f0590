package org.opendvx.core.vm;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Tells whether somebody still holds a machine's files: ESXi renews its lock files on NFS every ten
 * seconds, whatever the inventory says. A lock that is not renewed is a dead host's.
 */
final class LockWatch {
  private static final long STEP_MILLIS = 500;

  private final DatastorePaths paths;
  private final Duration observation;

  /**
   * A watch.
   *
   * @param observation how long to look at locks; longer than their renewal takes
   */
  LockWatch(DatastorePaths paths, Duration observation) {
    this.paths = paths;
    this.observation = observation;
  }

  /**
   * Returns when no lock in the folders is being renewed; at once when there is none.
   *
   * @throws DvxException CONFLICT naming the lock that is
   */
  void requireUnlocked(Set<String> folders) {
    Map<String, Attributes> first = locks(folders);
    long end = System.nanoTime() + observation.toNanos();
    while (!first.isEmpty() && System.nanoTime() < end) {
      try {
        Thread.sleep(STEP_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw DvxException.of(Kind.UNAVAILABLE, "The restore was interrupted").causedBy(e).build();
      }
      Map<String, Attributes> now = locks(folders);
      for (Map.Entry<String, Attributes> lock : now.entrySet()) {
        if (!lock.getValue().equals(first.get(lock.getKey()))) {
          throw DvxException.of(Kind.CONFLICT, "The machine's files are in use")
              .cause("A host renews the lock " + lock.getKey())
              .remedy("Power the machine off on every host, then try again")
              .detail("lock", lock.getKey())
              .build();
        }
      }
      first.keySet().retainAll(now.keySet());
    }
  }

  private Map<String, Attributes> locks(Set<String> folders) {
    Map<String, Attributes> locks = new HashMap<>();
    for (String folder : new TreeSet<>(folders)) {
      FileKey directory = paths.find(folder).orElse(null);
      if (directory == null) {
        continue;
      }
      for (DatastorePaths.Named file : paths.list(directory, folder)) {
        if (VmFileSet.lockFile(file.name())) {
          Attributes a = file.attributes();
          locks.put(folder + "/" + file.name(), withoutAccess(a));
        }
      }
    }
    return locks;
  }

  /** Being read is not being renewed. */
  private static Attributes withoutAccess(Attributes a) {
    return new Attributes(
        a.file(),
        a.type(),
        a.mode(),
        a.links(),
        a.uid(),
        a.gid(),
        a.size(),
        a.used(),
        a.device(),
        0,
        a.modified(),
        a.changed());
  }
}
