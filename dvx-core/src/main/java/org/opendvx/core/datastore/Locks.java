package org.opendvx.core.datastore;

import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.StampedLock;

/**
 * The locks that are not a file's. Always taken in this order, and before any file's lock; nothing
 * waits for a disk while it holds one.
 */
final class Locks {
  /** One snapshot operation at a time: names stay unique, sources stay there. */
  final ReentrantLock catalogue = new ReentrantLock();

  /** Directories: shared to look names up, exclusive to change them. */
  final StampedLock namespace = new StampedLock();

  /** Every change holds it shared; a cut, and the start of a checkpoint, exclusively. */
  final StampedLock cut = new StampedLock();
}
