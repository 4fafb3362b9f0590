package org.opendvx.core.pool.local;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * What the labels of the drives that are present say when a pool is opened: which membership is the
 * base to go on from, and which drives hold everything that was ever acknowledged.
 *
 * <p>The base is the highest membership that is not refuted. One is refuted when a present drive
 * that is active in it bears an older generation: then it was never stamped on all its active
 * drives, so nothing was acknowledged under it. A membership under which something was acknowledged
 * cannot be refuted, and a quorum always shows it; so nothing older than it is ever chosen.
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
    List<Membership> candidates = new ArrayList<>();
    long highestTerm = 0;
    for (DriveLabel label : labels) {
      candidates.add(label.membership());
      highestTerm = Math.max(highestTerm, label.claimedTerm());
      highestTerm = Math.max(highestTerm, Membership.term(label.membership().generation()));
    }
    candidates.sort(Comparator.comparingLong((Membership m) -> m.generation()).reversed());
    for (Membership candidate : candidates) {
      if (!refuted(candidate, labels)) {
        return of(candidate, labels, highestTerm);
      }
    }
    // The lowest generation cannot be refuted, so there was no label at all.
    throw DvxException.of(Kind.UNAVAILABLE, "No drive of the pool is present").build();
  }

  private static boolean refuted(Membership candidate, Collection<DriveLabel> labels) {
    for (DriveLabel label : labels) {
      if (isMember(candidate, label)
          && candidate.isActive(label.index())
          && label.membership().generation() < candidate.generation()) {
        return true;
      }
    }
    return false;
  }

  private static Election of(Membership base, Collection<DriveLabel> labels, long highestTerm) {
    Set<Integer> believed = new TreeSet<>();
    Set<Integer> stale = new TreeSet<>();
    for (DriveLabel label : labels) {
      if (!isMember(base, label)) {
        continue;
      }
      Member member = base.members().get(label.index());
      boolean believable =
          member.active()
              && label.membership().generation() >= member.since()
              && !label.emptied();
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

  private static boolean isMember(Membership membership, DriveLabel label) {
    return label.index() >= 0
        && label.index() < membership.size()
        && membership.members().get(label.index()).drive().equals(label.drive());
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
