package org.opendvx.core.pool.local;

/** A pool on simulated drives, for tests of other packages. */
public final class MemoryDrives implements AutoCloseable {
  private final SimPool drives;

  /** A new pool on so many drives. */
  public MemoryDrives(int count) {
    drives = SimPool.create(count);
  }

  /** The pool, open. */
  public LocalPool pool() {
    return drives.pool();
  }

  @Override
  public void close() {
    drives.close();
  }
}
