package org.opendvx.core.clean;

import java.time.Duration;
import org.opendvx.core.tree.NodeWalk;

/**
 * All roots that refer to what is in a pool, and who serves them. A round of the cleaner asks them
 * in this order: {@link #check}, {@link #drain}, {@link #checkpoint}, {@link #walk}, and {@link
 * #letGo} before each deletion. Each fails with a {@link org.opendvx.core.error.DvxException} when
 * it is not certain of all of them; nothing more is deleted then. {@link #followKeys} is asked
 * between rounds. Confined to the cleaner's thread, but for {@link #checkpoints} and {@link
 * #changes}.
 */
public interface Referrers {
  /** Fails when some may refer to the pool's containers whose references cannot be seen. */
  void check();

  /**
   * Returns when all know what is condemned, so that no new reference to it is made by dedupe, and
   * nobody is under way who found such a reference before.
   */
  void drain(Duration limit) throws InterruptedException;

  /**
   * Returns when each root has a checkpoint that began after the call, and needs no journal record
   * for its recovery that is older than that.
   */
  void checkpoint(Duration limit) throws InterruptedException;

  /**
   * Visits all that the roots refer to, as far as it was referred to before {@link #drain}
   * returned; what is younger may be left out. When it returns, nobody can begin to refer to a slot
   * in a condemned container that was not visited.
   *
   * @return the sum of the numbers of the checkpoints that it saw, or of older ones
   */
  long walk(NodeWalk.Visitor visitor) throws InterruptedException;

  /**
   * Returns when nobody reads any more by what was there before the call, and all know where moved
   * slots are.
   */
  void letGo(Duration limit) throws InterruptedException;

  /**
   * Returns when all, also those who join later, have a ring of keys that is no older than the one
   * in the register at the call.
   *
   * @param current the data key under which each seals then, or a later one
   * @param newest the newest data key that each can open, or a later one
   * @param newContainers whether whatever is written after the return is to go to containers whose
   *     ids are drawn after the call
   * @return the lowest id of a container that is open somewhere, or on its way to the pool
   */
  long followKeys(int current, int newest, boolean newContainers, Duration limit)
      throws InterruptedException;

  /** The sum of the numbers of the last checkpoints. */
  long checkpoints();

  /** A number that rises with every change of any root that a checkpoint holds, or sooner. */
  long changes();

  /**
   * Whether the numbers of all checkpoints, which are the births of nodes, are of one sequence, and
   * ids of containers ascend with time: then a walk may leave out what is old.
   */
  boolean oneSequence();
}
