package org.opendvx.core.cluster;

import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;

/**
 * Refuses changes that arrive through this host after it was declared dead: its hypervisor may send
 * again what it had under way, while the machine was restarted on another host. A file is free
 * again when a hypervisor adapter has confirmed that its machine runs here. Thread-safe.
 */
public final class FrontBar {
  private final Set<Long> confirmed = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  FrontBar() {}

  void close() {
    confirmed.clear();
    closed = true;
  }

  /** The machine of these files runs on this host. */
  public void confirm(Collection<Long> files) {
    confirmed.addAll(files);
  }

  /** No machine of this host runs elsewhere. */
  public void confirmAll() {
    closed = false;
  }

  /** Whether some files may not be changed through this host. */
  public boolean closed() {
    return closed;
  }

  /** Refuses if so; the client comes again until it is confirmed. */
  void check(FileOp<?> op) {
    if (closed && op.changes() && !confirmed.contains(op.key().file())) {
      throw new FileException(
          FileError.BUSY, "it is not confirmed that the file's machine runs on this host");
    }
  }
}
