package org.opendvx.core.pool.local;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the drives of a pool, elects the membership to go on from, and claims a new term: a label
 * with the claim on every present drive, before anything else is changed. See docs/formats/drive.md
 * for why that makes every later generation greater than any that an earlier opening left unseen.
 */
final class PoolOpener {
  private static final Logger LOG = LoggerFactory.getLogger(PoolOpener.class);

  private final LocalPoolConfig config;

  PoolOpener(LocalPoolConfig config) {
    this.config = config;
  }

  /**
   * A pool whose drives are locked and whose term is claimed.
   *
   * @param believed drives that hold everything acknowledged
   * @param stale drives that are present and must be made fit first
   * @param absent why each other active drive is not there
   * @param term claimed
   */
  record Opening(
      UUID pool,
      long created,
      Membership base,
      List<Drive> believed,
      List<Drive> stale,
      Map<Integer, String> absent,
      long term) {

    Collection<Drive> all() {
      List<Drive> all = new ArrayList<>(believed);
      all.addAll(stale);
      return all;
    }
  }

  /** Finds, elects and claims. Nothing is held when this fails. */
  Opening open() {
    List<DriveFinder.Sighting> sightings = new DriveFinder(config).look(config.roots());
    boolean done = false;
    try {
      Opening opening = elect(sightings);
      done = true;
      return opening;
    } finally {
      if (!done) {
        DriveFinder.release(sightings);
      }
    }
  }

  /**
   * Reads copies of records without changing anything on any drive: the best that the drives which
   * an opening would believe have. Keys without a good copy are left out.
   *
   * @param batchHeads is given the first bytes of batches in the journals
   */
  Map<String, byte[]> peek(Collection<String> keys, Consumer<byte[]> batchHeads) {
    List<DriveFinder.Sighting> sightings = new DriveFinder(config).look(config.roots());
    try {
      Present present = present(sightings);
      FormatCheck.refuseNewer(present.drives().values(), present.pool()).forEach(batchHeads);
      Election election = present.elect();
      List<Drive> believed =
          present.drives().values().stream().filter(drive -> election.believes(drive)).toList();
      Map<String, byte[]> values = new HashMap<>();
      for (String key : keys) {
        RecordFile best = RecordCopies.best(RecordCopies.readFrom(key, believed));
        if (best != null) {
          values.put(key, best.value());
        }
      }
      return values;
    } finally {
      DriveFinder.release(sightings);
    }
  }

  /** The drives of the pool that are there, by identity, and what is wrong with other folders. */
  private record Present(
      UUID pool, Map<UUID, Drive> drives, Map<UUID, DriveLabel> labels, List<String> problems) {

    Election elect() {
      try {
        return Election.of(labels.values());
      } catch (DvxException e) {
        throw withProblems(e, problems);
      }
    }
  }

  private Present present(List<DriveFinder.Sighting> sightings) {
    if (sightings.stream().anyMatch(DriveFinder.Sighting::heldElsewhere)) {
      throw DriveFinder.heldElsewhere(sightings);
    }
    UUID pool = choosePool(sightings);
    Map<UUID, Drive> drives = new HashMap<>();
    Map<UUID, DriveLabel> labels = new HashMap<>();
    List<String> problems = new ArrayList<>();
    for (DriveFinder.Sighting sighting : sightings) {
      Drive drive = sighting.drive();
      DriveLabel label = sighting.label();
      if (drive == null || label == null) {
        problems.add(sighting.root() + ": " + sighting.problem());
      } else if (!label.pool().equals(pool)) {
        LOG.error("The folder {} holds a drive of another pool", sighting.root());
        problems.add(sighting.root() + ": a drive of another pool");
        drive.close();
      } else if (drives.put(label.drive(), drive) != null) {
        throw twice(sighting);
      } else {
        labels.put(label.drive(), label);
      }
    }
    return new Present(pool, drives, labels, problems);
  }

  private Opening elect(List<DriveFinder.Sighting> sightings) {
    Present present = present(sightings);
    Map<UUID, Drive> drives = present.drives();
    Map<UUID, DriveLabel> labels = present.labels();
    FormatCheck.refuseNewer(drives.values(), present.pool());
    present.problems().forEach(problem -> LOG.warn("A drive is missing: {}", problem));
    while (true) {
      Election election = present.elect();
      Set<UUID> failed = claim(election.highestTerm() + 1, drives, labels);
      if (failed.isEmpty()) {
        return opening(present.pool(), election, drives, labels, present.problems());
      }
      for (UUID drive : failed) {
        labels.remove(drive);
        Drive gone = drives.remove(drive);
        if (gone != null) {
          gone.close();
        }
      }
    }
  }

  private Opening opening(
      UUID pool,
      Election election,
      Map<UUID, Drive> drives,
      Map<UUID, DriveLabel> labels,
      List<String> problems) {
    List<Drive> believed = new ArrayList<>();
    List<Drive> stale = new ArrayList<>();
    long created = 0;
    for (Map.Entry<UUID, Drive> entry : drives.entrySet()) {
      Drive drive = entry.getValue();
      DriveLabel label = labels.get(entry.getKey());
      created = label == null ? created : label.created();
      if (election.believes(drive)) {
        believed.add(drive);
      } else if (election.isMember(drive) && election.stale().contains(drive.index())) {
        stale.add(drive);
      } else {
        LOG.warn("{} is not a member of the pool any more", drive);
        drive.close();
      }
    }
    Map<Integer, String> absent = new TreeMap<>();
    Set<Integer> present = new HashSet<>(election.believed());
    for (int index : election.base().active()) {
      if (!present.contains(index)) {
        boolean stamped = election.stale().contains(index);
        absent.put(
            index,
            stamped
                ? "was not taken back completely"
                : "missing when the pool was opened" + (problems.isEmpty() ? "" : " " + problems));
      }
    }
    long term = election.highestTerm() + 1;
    return new Opening(pool, created, election.base(), believed, stale, absent, term);
  }

  private static Set<UUID> claim(long term, Map<UUID, Drive> drives, Map<UUID, DriveLabel> labels) {
    Set<UUID> failed = new HashSet<>();
    for (DriveGroup.Outcome<Void> outcome :
        DriveGroup.<Void>run(
            drives.values(),
            DriveIo.Lane.CONTROL,
            (drive, ticket) -> {
              DriveLabel label = labels.get(drive.id());
              if (label != null) {
                Ballast.write(label.withClaim(term), drive, ticket);
              }
              return null;
            })) {
      IOException failure = outcome.failure();
      if (failure == null) {
        continue;
      }
      if (outcome.noSpace()) {
        throw DvxException.of(Kind.NO_SPACE, "A drive has no room for its label")
            .causedBy(failure)
            .remedy("Free a few megabytes on its file system")
            .detail("drive", outcome.drive())
            .build();
      }
      LOG.warn("{} does not work: {}", outcome.drive(), IoErrors.brief(failure));
      failed.add(outcome.drive().id());
    }
    return failed;
  }

  /** The pool that most of the folders belong to. */
  private static UUID choosePool(List<DriveFinder.Sighting> sightings) {
    Map<UUID, Integer> count = new HashMap<>();
    for (DriveFinder.Sighting sighting : sightings) {
      DriveLabel label = sighting.label();
      if (label != null) {
        count.merge(label.pool(), 1, Integer::sum);
      }
    }
    int most = count.values().stream().max(Integer::compare).orElse(0);
    List<UUID> winners =
        count.entrySet().stream()
            .filter(entry -> entry.getValue() == most)
            .map(Map.Entry::getKey)
            .toList();
    if (winners.isEmpty()) {
      throw DvxException.of(Kind.NOT_FOUND, "There is no pool in the drive folders")
          .cause("None of the folders holds a drive")
          .remedy("Mount the drives, or create a pool on them")
          .detail(
              "folders",
              sightings.stream()
                  .map(sighting -> sighting.root() + ": " + sighting.problem())
                  .toList())
          .build();
    }
    if (winners.size() > 1) {
      throw DvxException.of(Kind.INVALID, "The drive folders belong to different pools")
          .remedy("List the folders of one pool only")
          .detail("pools", winners)
          .build();
    }
    return winners.getFirst();
  }

  private static DvxException twice(DriveFinder.Sighting sighting) {
    return DvxException.of(Kind.INVALID, "Two folders hold the same drive")
        .cause("One of them is a copy of the other")
        .remedy("Remove the copy from the list of folders")
        .detail("folder", sighting.root())
        .build();
  }

  private static DvxException withProblems(DvxException error, List<String> problems) {
    DvxException.Builder builder =
        DvxException.of(error.kind(), error.report().what())
            .cause(error.report().cause())
            .remedy(error.report().remedy());
    error.report().details().forEach(builder::detail);
    return builder.detail("folders", problems).build();
  }
}
