package org.opendvx.core.pool.local;

import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * What the labels of the drives that are present say when a pool is opened: which membership is the
 * base to go on from, and which drives hold everything that was ever acknowledged.
 *
 * <p>The base is the highest membership that any of them bears. It need not have been in force:
 * then nothing was acknowledged under it, and its drives hold all that was acknowledged before.
 *
 * @param base the membership to go on from
 * @param believed indexes of drives whose journal and records are believed
 * @param stale indexes of drives that are present and not believed; they can be taken back
 * @param missing indexes of drives that are active in the base and not present
 * @param highestTerm the highest term that any label knows
 */
record Election(
    Membership base,
    Set<Integer> believed,
    Set<Integer> stale,
    Set<Integer> missing,
    long highestTerm) {

  /**
   * Elects the base.
   *
   * @param labels of the present drives of one pool, each drive once
   * @throws DvxException UNAVAILABLE when too few drives are present
   */
  static Election of(Collection<DriveLabel> labels) {
    Membership base = null;
    long highestTerm = 0;
    for (DriveLabel label : labels) {
      Membership membership = label.membership();
      if (base == null || membership.generation() > base.generation()) {
        base = membership;
      }
      highestTerm = Math.max(highestTerm, label.claimedTerm());
      highestTerm = Math.max(highestTerm, Membership.term(membership.generation()));
    }
    if (base == null) {
      throw DvxException.of(Kind.UNAVAILABLE, "No drive of the pool is present").build();
    }
    return of(base, labels, highestTerm);
  }

  private static Election of(Membership base, Collection<DriveLabel> labels, long highestTerm) {
    Set<Integer> believed = new TreeSet<>();
    Set<Integer> stale = new TreeSet<>();
    for (DriveLabel label : labels) {
      // A drive that was about to be made a member, and is none by its own label, tells nothing.
      if (!isMember(base, label) || !isMember(label.membership(), label)) {
        continue;
      }
      Member member = base.members().get(label.index());
      boolean believable =
          member.active() && label.membership().generation() >= member.since() && !label.emptied();
      (believable ? believed : stale).add(label.index());
    }
    Set<Integer> present = new TreeSet<>(believed);
    present.addAll(stale);
    Set<Integer> missing = new TreeSet<>(base.active());
    missing.removeAll(present);
    if (believed.isEmpty() || !Quorum.mayOpen(base, present)) {
      throw tooFew(base, present, missing);
    }
    return new Election(base, believed, stale, missing, highestTerm);
  }

  /** Whether a drive is a member: there may be an earlier one that had its place. */
  boolean isMember(Drive drive) {
    return base.has(drive.index(), drive.id());
  }

  boolean believes(Drive drive) {
    return isMember(drive) && believed.contains(drive.index());
  }

  private static boolean isMember(Membership membership, DriveLabel label) {
    return membership.has(label.index(), label.drive());
  }

  private static DvxException tooFew(Membership base, Set<Integer> present, Set<Integer> missing) {
    return DvxException.of(Kind.UNAVAILABLE, "Too few drives are present to open the pool")
        .cause(
            present.size()
                + " of "
                + base.size()
                + " drives are there, and those that are missing may hold newer data")
        .remedy("Bring the missing drives back")
        .detail("present drives", present)
        .detail("missing drives", missing)
        .detail("generation", base.name())
        .build();
  }
}
