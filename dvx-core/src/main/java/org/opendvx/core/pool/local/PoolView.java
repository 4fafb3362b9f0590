package org.opendvx.core.pool.local;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What operations see of the membership at one moment. Immutable; taken once by each step of an
 * operation.
 *
 * @param membership the membership that is stamped on all its active drives
 * @param drives the usable drives by index, null where one is evicted or lost
 * @param usable the usable drives, by index
 * @param reasons why drives are not usable, by index
 * @param failure why nothing may be acknowledged, null while the pool serves
 */
record PoolView(
    Membership membership,
    List<@Nullable Drive> drives,
    List<Drive> usable,
    Map<Integer, String> reasons,
    @Nullable String failure) {

  /** The drive of an index if it can be used. */
  @Nullable Drive drive(int index) {
    return index < drives.size() ? drives.get(index) : null;
  }

  /**
   * The usable drives that new shards may go to: those that stay, unless they are too few for full
   * parity.
   */
  List<Drive> placeable() {
    if (membership.members().stream().noneMatch(Member::leaving)) {
      return usable;
    }
    List<Drive> staying =
        usable.stream().filter(drive -> !membership.isLeaving(drive.index())).toList();
    return staying.size() > Quorum.PARITY ? staying : usable;
  }

  /** Usable drives that have their shards: what the pool may not have too few of. */
  int filled() {
    return membership.filled(usable.stream().map(Drive::index).toList());
  }

  /** Whether the drive of an index can be used, and is not being filled. */
  boolean isFilled(int index) {
    return drive(index) != null && !membership.members().get(index).filling();
  }

  /**
   * Shards beyond those that reading needs that every container must have on filled drives: as many
   * more drives may be lost while the pool serves. One that is being filled does not count, since
   * the place may have cost the container a shard before: see docs/formats/drive.md.
   */
  int leastSpare() {
    return Quorum.tolerated(membership.size()) - (membership.size() - filled());
  }

  /** Whether every drive that counts is in use. */
  boolean complete() {
    return usable.size() == membership.size();
  }

  boolean uses(Drive drive) {
    return drive(drive.index()) == drive;
  }

  boolean failed() {
    return failure != null;
  }
}
