package org.opendvx.core.pool.local;

import java.nio.file.Path;
import java.util.List;

/**
 * What a person may do about the drives of a local pool while it is in use. Everything is durable
 * when a call returns; the work that follows goes on in the background, and after a restart.
 */
public interface DriveCare {

  /** How it goes; cheap. */
  CareStatus status();

  /**
   * Puts an empty folder in the place of a drive that is lost.
   *
   * @param folder of the new drive, made if need be
   * @throws org.opendvx.core.error.DvxException CONFLICT when the drive is in use, CORRUPT when
   *     there are containers that cannot be read without the old drive, EXISTS when the folder is
   *     not empty
   */
  void replace(int index, Path folder);

  /**
   * Adds a drive, and moves shards to it until all are about equally full.
   *
   * @return its index
   * @throws org.opendvx.core.error.DvxException CONFLICT when a drive is missing, EXISTS when the
   *     folder is not empty
   */
  int add(Path folder);

  /**
   * Moves all shards off a drive, or rebuilds them if it is lost, and removes it from the pool.
   *
   * @throws org.opendvx.core.error.DvxException CONFLICT when too few drives would be left
   */
  void remove(int index);

  /** Keeps a drive that was to be removed, as far as that has not happened yet. */
  void keep(int index);

  /** Gives up on drives that are away: what they had is rebuilt at once. */
  void rebuildNow();

  /** Moves shards until all drives are about equally full. */
  void rebalance();

  /** Begins to read all shards, unless that is under way. */
  void scrub();

  /**
   * Reads all shards of a container past every cache, and computes its parity anew. Nothing is
   * repaired.
   *
   * @return what is wrong, for a person; empty when nothing is, or when there is no such container
   */
  List<String> check(long container);
}
