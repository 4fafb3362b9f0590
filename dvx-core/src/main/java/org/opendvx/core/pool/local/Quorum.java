package org.opendvx.core.pool.local;

import java.util.Set;

/**
 * How many drives must be there, so that no two openings of a pool can ever go on from different
 * states. Proofs: docs/formats/drive.md.
 *
 * <ul>
 *   <li>5 drives and more: any two may be lost. What is present at opening (n - 2) and what was
 *       stamped before an acknowledgement (n - 2) have at least n - 4 drives in common.
 *   <li>3 and 4 drives: one may be lost while serving; with two lost nothing is lost, but nothing
 *       goes on either, since the other two could do the same.
 *   <li>2 drives: one may be lost while serving; opening needs all that were active.
 *   <li>1 drive: it must be there.
 * </ul>
 */
final class Quorum {
  private static final int LARGE_POOL = 5;

  /** Copies of every journal segment, where there are as many drives. */
  static final int MIRRORS = 3;

  /** Parity shards, where there are as many drives. */
  static final int PARITY = 2;

  private Quorum() {}

  /** Drives that may be shut out while the pool serves. */
  static int tolerated(int members) {
    if (members >= LARGE_POOL) {
      return 2;
    }
    return members >= 2 ? 1 : 0;
  }

  /** Drives that must be active for anything to be acknowledged. */
  static int leastActive(int members) {
    return members - tolerated(members);
  }

  /** Whether a pool of this membership may be opened with these drives present. */
  static boolean mayOpen(Membership membership, Set<Integer> present) {
    int members = membership.size();
    if (members <= 2) {
      return !membership.active().isEmpty() && present.containsAll(membership.active());
    }
    return membership.filled(present) >= leastActive(members);
  }
}
