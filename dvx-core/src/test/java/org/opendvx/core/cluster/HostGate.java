package org.opendvx.core.cluster;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** What a host's process may do with the world: everything, nothing for a while, or never again. */
final class HostGate {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean paused;
  private volatile boolean dead;

  /** Waits while the process is stopped. */
  void pass() {
    lock.lock();
    try {
      while (paused && !dead) {
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
    if (dead) {
      throw DvxException.of(Kind.UNAVAILABLE, "This process is dead").build();
    }
  }

  boolean dead() {
    return dead;
  }

  boolean stopped() {
    lock.lock();
    try {
      return paused;
    } finally {
      lock.unlock();
    }
  }

  void pause(boolean now) {
    lock.lock();
    try {
      paused = now;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void kill() {
    lock.lock();
    try {
      dead = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
