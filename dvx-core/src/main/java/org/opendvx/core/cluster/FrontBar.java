package org.opendvx.core.cluster;

import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;

/**
 * Refuses changes that arrive through this host after it was declared dead: its hypervisor may send
 * again what it had under way, while the machine was restarted on another host. All changes are
 * refused until a hypervisor adapter has told which machines run where; from then on those of files
 * whose machines run elsewhere. A file is free when it is confirmed that its machine runs here.
 * Thread-safe.
 */
public final class FrontBar {
  private final Set<Long> confirmed = ConcurrentHashMap.newKeySet();
  private final Set<Long> elsewhere = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;
  private volatile long closings;

  FrontBar() {}

  /** What was known of machines does not count any more. */
  synchronized void close() {
    closed = true;
    closings = closings + 1;
    confirmed.clear();
    elsewhere.clear();
  }

  /** The machine of these files runs on this host. */
  public synchronized void confirm(Collection<Long> files) {
    confirmed.addAll(files);
    elsewhere.removeAll(files);
  }

  /** How often it was closed: to be given to {@link #narrow}. */
  public long closings() {
    return closings;
  }

  /**
   * It is known of all machines where they run.
   *
   * @param files of those that run elsewhere: the rest may be changed
   * @param asOf {@link #closings} from before that was asked; what was asked before it was closed
   *     again does not count
   */
  public synchronized void narrow(Collection<Long> files, long asOf) {
    if (asOf == closings) {
      elsewhere.addAll(files);
      elsewhere.removeAll(confirmed);
      closed = false;
    }
  }

  /** No machine of this host runs elsewhere. */
  public synchronized void confirmAll() {
    elsewhere.clear();
    closed = false;
  }

  /** Whether no file may be changed through this host but those that were confirmed. */
  public boolean closed() {
    return closed;
  }

  /** Refuses if so; the client comes again until it is confirmed. */
  void check(FileOp<?> op) {
    if (op.changes() && refuses(op.key().file())) {
      throw new FileException(
          FileError.BUSY, "it is not confirmed that the file's machine runs on this host");
    }
  }

  private boolean refuses(long file) {
    // In this order: what narrows it notes the files before it opens.
    return closed ? !confirmed.contains(file) : elsewhere.contains(file);
  }
}
