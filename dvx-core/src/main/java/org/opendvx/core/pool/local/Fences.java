package org.opendvx.core.pool.local;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.regex.Pattern;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;

/**
 * Which epochs may still change the pool. A mutation holds its host's gate while it runs, so that
 * none of a lower epoch is under way when {@link #raise} has returned.
 */
final class Fences {
  private static final Pattern HOST = Pattern.compile("[a-z0-9-]{1,64}");

  private final Map<String, Gate> gates = new ConcurrentHashMap<>();

  /** Makes a fence durable. */
  @FunctionalInterface
  interface Persist {
    /** Returns when the epoch is written. */
    void write(long epoch);
  }

  private static final class Gate {
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private long fencedBelow;
  }

  static void checkHost(String host) {
    if (!HOST.matcher(host).matches()) {
      throw DvxException.of(Kind.INVALID, "Not a name of a host")
          .cause("A host name is 1 to 64 characters of a-z, 0-9 and -")
          .detail("name", host)
          .build();
    }
  }

  /** Takes up a fence that was written before. */
  void load(String host, long epoch) {
    gate(host).fencedBelow = epoch;
  }

  /**
   * Lets a mutation in.
   *
   * @return to be unlocked when the mutation is done
   * @throws DvxException CONFLICT when the host was fenced at a higher epoch
   */
  Lock enter(Epoch epoch) {
    Gate gate = gate(epoch.host());
    Lock lock = gate.lock.readLock();
    lock.lock();
    if (epoch.number() < gate.fencedBelow) {
      long fence = gate.fencedBelow;
      lock.unlock();
      throw DvxException.of(Kind.CONFLICT, "This host has been fenced")
          .cause("Another one has taken over its work")
          .remedy("Restart the host, so that it opens the pool under a new epoch")
          .detail("host", epoch.host())
          .detail("epoch", epoch.number())
          .detail("fenced below", fence)
          .build();
    }
    return lock;
  }

  /** Raises a fence, once the mutations under way are done. */
  long raise(String host, long epoch, Persist persist) {
    checkHost(host);
    Gate gate = gate(host);
    gate.lock.writeLock().lock();
    try {
      if (epoch > gate.fencedBelow) {
        persist.write(epoch);
        gate.fencedBelow = epoch;
      }
      return gate.fencedBelow;
    } finally {
      gate.lock.writeLock().unlock();
    }
  }

  private Gate gate(String host) {
    return gates.computeIfAbsent(host, _ -> new Gate());
  }
}
