package org.opendvx.core.clean;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.codec.SlotType;
import org.opendvx.core.datastore.Reclaim;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.PlaceRegister;
import org.opendvx.core.log.Repacker;
import org.opendvx.core.pool.ContainerStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One round of cleaning, from condemning to deleting. The order of the steps is what keeps data
 * safe: docs/cleaner.md. A round that fails or dies anywhere leaves nothing wrong; what it had
 * condemned is taken up by the next one. Confined to one thread.
 */
final class CleaningRound {
  private static final Logger LOG = LoggerFactory.getLogger(CleaningRound.class);

  /** Live bytes that are moved before what they were in is deleted. */
  private static final long GROUP_BYTES = ContainerStore.MAX_LENGTH - (256 << 10);

  /** Victims that may be away in a round before it counts as a failure of the pool. */
  private static final int MOST_AWAY = 8;

  /** How far a round has come. */
  enum Step {
    CONDEMNED,
    DRAINED,
    CHECKPOINTED,
    MARKED,
    INTENDED,
    PUT,
    PUBLISHED,
    LET_GO,
    DELETED,
    SETTLED
  }

  /**
   * What a round did.
   *
   * @param checkpoint that the walk saw, or one before it, as a sum over all roots: what came later
   *     is for another round
   * @param deleted containers
   * @param deletedBytes bytes of them
   * @param moved slots copied
   * @param writtenBytes bytes of the containers that they were copied to
   */
  record Result(
      Census census,
      long checkpoint,
      int deleted,
      long deletedBytes,
      long moved,
      long writtenBytes) {
    long freed() {
      return deletedBytes - writtenBytes;
    }
  }

  private final Reclaim store;
  private final Referrers referrers;
  private final PlaceRegister places;
  private final ContainerStore containers;
  private final CleanerSettings settings;
  private final Throttle throttle;
  private final SetAside stuck;
  private final Consumer<Step> steps;
  private final Runnable freed;

  private final List<Long> gone = new ArrayList<>();
  private final List<Long> targets = new ArrayList<>();
  private int away;
  private long deletedBytes;
  private long moved;
  private long writtenBytes;

  /**
   * A round.
   *
   * @param stuck victims of which something cannot be read now; they are left alone, more are added
   * @param steps told of each step that was made
   * @param freed told whenever more was given back than was written
   */
  CleaningRound(
      Reclaim store,
      Referrers referrers,
      CleanerSettings settings,
      Throttle throttle,
      SetAside stuck,
      Consumer<Step> steps,
      Runnable freed) {
    this.freed = freed;
    this.store = store;
    this.referrers = referrers;
    this.places = store.places();
    this.containers = store.pool().containers();
    this.settings = settings;
    this.throttle = throttle;
    this.stuck = stuck;
    this.steps = steps;
  }

  /**
   * Ends what an earlier round began to write; says what it had condemned. Refused before anything
   * is deleted when not all who use the pool are known: what looks left over may be what they are
   * writing.
   */
  List<Long> takeUp() {
    referrers.check();
    List<Long> left = places.intendedNow();
    if (!left.isEmpty() || !places.condemnedNow().isEmpty()) {
      places.confirm();
    }
    if (!left.isEmpty()) {
      for (long target : left) {
        if (!places.isPlace(target)) {
          containers.delete(store.epoch(), target);
        }
      }
      places.settle(List.of(), left);
    }
    return places.condemnedNow();
  }

  /**
   * Runs the round.
   *
   * @param victims places to be condemned; those that are already belong to them
   * @param wanted places besides of which the census is to know what is alive
   * @param skipBirth nothing of that birth or older refers to a victim
   */
  Result run(Collection<Long> victims, LongPredicate wanted, long skipBirth)
      throws InterruptedException {
    TreeSet<Long> condemned = new TreeSet<>(victims);
    if (!condemned.isEmpty()) {
      places.condemn(condemned);
    }
    steps.accept(Step.CONDEMNED);
    referrers.check();
    referrers.drain(settings.drainLimit());
    steps.accept(Step.DRAINED);
    referrers.checkpoint(settings.drainLimit());
    steps.accept(Step.CHECKPOINTED);
    throttle.begin();
    Census census =
        new Census(
            container -> {
              long place = places.placeOf(container);
              return condemned.contains(place) || wanted.test(place);
            },
            skipBirth,
            throttle);
    long checkpoint = referrers.walk(census);
    steps.accept(Step.MARKED);
    if (!condemned.isEmpty()) {
      removeDead(condemned, census);
      move(condemned, census);
      places.settle(gone, targets);
      steps.accept(Step.SETTLED);
    }
    return new Result(census, checkpoint, gone.size(), deletedBytes, moved, writtenBytes);
  }

  /** Deletes the victims in which nothing is alive. */
  private void removeDead(Set<Long> condemned, Census census) throws InterruptedException {
    Map<Long, List<Long>> held = places.at(condemned);
    List<Long> dead = new ArrayList<>();
    SortedMap<Long, Long> forgotten = new TreeMap<>();
    held.forEach(
        (place, inside) -> {
          if (inside.stream().allMatch(container -> census.live(container) == 0)) {
            dead.add(place);
            inside.stream()
                .filter(container -> !container.equals(place))
                .forEach(container -> forgotten.put(container, 0L));
          }
        });
    if (dead.isEmpty()) {
      return;
    }
    // Whoever still reads by what was there before the checkpoint or before the move ends first.
    referrers.letGo(settings.drainLimit());
    referrers.check();
    if (!forgotten.isEmpty()) {
      places.publish(forgotten);
    }
    steps.accept(Step.LET_GO);
    for (long place : dead) {
      int length = containers.length(place).orElse(0);
      containers.delete(store.epoch(), place);
      deletedBytes += length;
      gone.add(place);
      stuck.remove(place);
      condemned.remove(place);
      steps.accept(Step.DELETED);
      throttle.worked(1);
    }
    if (deletedBytes > writtenBytes) {
      freed.run();
    }
  }

  /**
   * A victim in which something is alive.
   *
   * @param containers whose live slots are there
   * @param live bytes, about
   */
  private record Victim(long place, SlotType type, List<Long> containers, long live) {}

  /**
   * Moves what is alive, a few victims at a time, each group of which is deleted before the next
   * one: so that a full pool needs room for one new container and not for all of them. Those that
   * give back most come first.
   */
  private void move(Set<Long> condemned, Census census) throws InterruptedException {
    List<Victim> victims = new ArrayList<>();
    places
        .at(condemned)
        .forEach(
            (place, inside) -> {
              List<Long> alive =
                  inside.stream().filter(container -> census.live(container) > 0).toList();
              if (!stuck.contains(place) && !alive.isEmpty()) {
                victims.add(victim(place, alive, census));
              }
            });
    victims.sort(Comparator.comparing(Victim::type).thenComparingLong(Victim::live));
    List<Victim> group = new ArrayList<>();
    long bytes = 0;
    for (Victim victim : victims) {
      if (!group.isEmpty()
          && (bytes + victim.live() > GROUP_BYTES || group.getFirst().type() != victim.type())) {
        move(group, condemned, census);
        group.clear();
        bytes = 0;
      }
      group.add(victim);
      bytes += victim.live();
    }
    if (!group.isEmpty()) {
      move(group, condemned, census);
    }
  }

  private Victim victim(long place, List<Long> alive, Census census) {
    SlotType type = census.holdsNodes(alive.getFirst()) ? SlotType.NODE : SlotType.CHUNK;
    long slots = 0;
    for (long container : alive) {
      slots += census.live(container);
    }
    long length = containers.length(place).orElse(0);
    long live = length;
    try {
      live = length * slots / Math.max(1, store.repacker().entries(place));
    } catch (DvxException e) {
      LOG.debug("Container {} does not say how much is in it", place, e);
    }
    return new Victim(place, type, alive, live);
  }

  private void move(List<Victim> group, Set<Long> condemned, Census census)
      throws InterruptedException {
    List<Long> sorted =
        group.stream().flatMap(victim -> victim.containers().stream()).sorted().toList();
    new Mover(group.getFirst().type(), census).move(sorted);
    Set<Long> emptied = new TreeSet<>();
    group.forEach(victim -> emptied.add(victim.place()));
    removeDead(emptied, census);
    condemned.removeAll(gone);
  }

  /** Copies the live slots of some containers together. */
  private final class Mover {
    private final SlotType type;
    private final Census census;
    private final SortedMap<Long, Long> moves = new TreeMap<>();
    private Repacker.@Nullable Target target;

    Mover(SlotType type, Census census) {
      this.type = type;
      this.census = census;
    }

    void move(List<Long> sorted) {
      Set<Long> given = new HashSet<>();
      for (long container : sorted) {
        long[] addresses = census.addresses(container);
        if (!take(container, addresses, given)) {
          finish();
          if (!given.contains(container) && !take(container, addresses, given)) {
            giveUp(container, Kind.CORRUPT, "it does not fit in one container");
            restart();
          }
        }
      }
      finish();
    }

    /** Whether the target took them; a target that did not takes no more. */
    private boolean take(long container, long[] addresses, Set<Long> given) {
      Repacker.Target into = target;
      if (into == null) {
        into = store.repacker().begin(type);
        target = into;
      }
      try {
        if (!into.take(addresses)) {
          return false;
        }
      } catch (DvxException e) {
        // Nothing was written yet: it is about what was read, unless nothing can be read at all.
        if (e.kind() == Kind.CONFLICT || (e.kind() != Kind.CORRUPT && ++away > MOST_AWAY)) {
          throw e;
        }
        given.add(container);
        giveUp(container, e.kind(), e.getMessage());
        return false;
      }
      moves.put(container, into.id());
      moved += addresses.length;
      throttle.worked(addresses.length * 2048L);
      return true;
    }

    private void giveUp(long container, Kind kind, @Nullable String why) {
      stuck.add(places.placeOf(container), kind, why == null ? kind.name() : why);
    }

    /** Puts the target and publishes what is in it. */
    private void finish() {
      Repacker.Target full = target;
      if (full != null && !moves.isEmpty()) {
        places.intend(full.id());
        targets.add(full.id());
        steps.accept(Step.INTENDED);
        writtenBytes += full.put();
        steps.accept(Step.PUT);
        places.publish(moves);
        steps.accept(Step.PUBLISHED);
      }
      restart();
    }

    private void restart() {
      moves.clear();
      target = null;
    }
  }
}
