package org.opendvx.core.clean;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.log.PlaceRegister;
import org.opendvx.core.log.Repacker;
import org.opendvx.core.pool.ContainerStore;

/**
 * Chooses what to clean by garbage share and age, from what a census found. All of it is an
 * estimate: what is condemned is counted again before anything is taken away. Confined to one
 * thread.
 */
final class Choice {
  /** What a container costs besides its bytes: headers and rounding of its shards. */
  private static final int OVERHEAD = 64 << 10;

  /** Containers shorter than this are worth joining, if there are some. */
  private static final int SMALL = 1 << 20;

  private static final int SMALL_ONES = 16;

  private final ContainerStore store;
  private final PlaceRegister places;
  private final Repacker repacker;

  /** Entries of containers, which never change. */
  private final Map<Long, Integer> entries = new HashMap<>();

  Choice(ContainerStore store, PlaceRegister places, Repacker repacker) {
    this.store = store;
    this.places = places;
    this.repacker = repacker;
  }

  /**
   * A container that may be worth cleaning.
   *
   * @param length bytes
   * @param live of them, as estimated
   * @param score the higher, the better
   */
  record Candidate(long place, int length, long live, double score) {
    long garbage() {
      return length - live;
    }
  }

  /**
   * What was chosen.
   *
   * @param victims best first
   * @param garbage bytes of garbage in all containers that the census covers
   * @param live bytes of the rest
   */
  record Chosen(List<Candidate> victims, long garbage, long live) {
    static final Chosen NONE = new Chosen(List.of(), 0, 0);

    /**
     * The same after a look at a part, where more is known from an earlier look at all.
     *
     * @param freed bytes given back since that
     */
    Chosen beside(Chosen all, long freed) {
      return new Chosen(
          victims, Math.max(garbage, all.garbage() - freed), Math.max(live, all.live()));
    }

    /** Garbage in what was chosen. */
    long victimGarbage() {
      return victims.stream().mapToLong(Candidate::garbage).sum();
    }
  }

  /**
   * Chooses among containers.
   *
   * @param ids ascending, as they were before the census's checkpoint
   * @param without not to be chosen
   * @param leastShare of garbage
   * @param enough garbage of which no more is chosen
   */
  Chosen choose(
      Census census,
      long[] ids,
      Set<Long> without,
      double leastShare,
      long enough,
      CleanerSettings settings) {
    Map<Long, List<Long>> held = places.at(list(ids));
    entries.keySet().retainAll(held.keySet());
    List<Candidate> worth = new ArrayList<>();
    List<Candidate> small = new ArrayList<>();
    long garbage = 0;
    long live = 0;
    for (int i = 0; i < ids.length; i++) {
      List<Long> containers = held.getOrDefault(ids[i], List.of());
      if (without.contains(ids[i]) || !known(census, containers)) {
        continue;
      }
      Candidate candidate = candidate(census, ids[i], containers, age(i, ids.length));
      if (candidate == null) {
        continue;
      }
      garbage += candidate.garbage();
      live += candidate.live();
      if (candidate.live() == 0 || candidate.garbage() >= leastShare * candidate.length()) {
        worth.add(candidate);
      } else if (candidate.length() < SMALL) {
        small.add(candidate);
      }
    }
    if (small.size() >= SMALL_ONES) {
      worth.addAll(small);
    }
    worth.sort(Comparator.comparingDouble(Candidate::score).reversed());
    List<Candidate> victims = limited(worth, enough, settings);
    return new Chosen(gain(victims) < settings.leastGarbage() ? List.of() : victims, garbage, live);
  }

  /** What comes back when they are joined into one. */
  private static long gain(List<Candidate> victims) {
    long garbage = victims.stream().mapToLong(Candidate::garbage).sum();
    return garbage + (long) OVERHEAD * Math.max(0, victims.size() - 1);
  }

  private static double age(int index, int count) {
    return 1 - (double) index / count;
  }

  private static List<Candidate> limited(
      List<Candidate> sorted, long enough, CleanerSettings settings) {
    List<Candidate> victims = new ArrayList<>();
    long moved = 0;
    long garbage = 0;
    for (Candidate candidate : sorted) {
      if (victims.size() == settings.victims() || garbage >= enough) {
        break;
      }
      if (moved + candidate.live() <= settings.movedBytes()) {
        victims.add(candidate);
        moved += candidate.live();
        garbage += candidate.garbage();
      }
    }
    return victims;
  }

  /** Whether the census can tell what is alive in all of these. */
  private boolean known(Census census, List<Long> containers) {
    for (long container : containers) {
      if (!census.covers(container) && !census.holdsNodes(container)) {
        return false;
      }
      if (census.skipBirth() > 0 && places.agesOf(container) < census.skipBirth()) {
        return false;
      }
    }
    return true;
  }

  private @Nullable Candidate candidate(
      Census census, long place, List<Long> containers, double age) {
    int length = store.length(place).orElse(0);
    int count = length == 0 ? 0 : entries(place);
    if (length == 0 || count < 0) {
      return null;
    }
    long slots = 0;
    for (long container : containers) {
      slots += census.live(container);
    }
    long live = count == 0 ? 0 : Math.min(length, length * slots / count);
    double whole = length + (double) OVERHEAD;
    double liveShare = live / whole;
    double score = (1 - liveShare) * (1 + age) / (1 + liveShare);
    return new Candidate(place, length, live, score);
  }

  /** Entries in a container's table; -1 when it cannot be told. */
  private int entries(long place) {
    Integer known = entries.get(place);
    if (known == null) {
      try {
        known = repacker.entries(place);
      } catch (DvxException _) {
        // Damaged, gone or away: cleaning leaves it alone, and the next choice asks again.
        return -1;
      }
      entries.put(place, known);
    }
    return known;
  }

  private static List<Long> list(long[] ids) {
    List<Long> list = new ArrayList<>(ids.length);
    for (long id : ids) {
      list.add(id);
    }
    return list;
  }
}
