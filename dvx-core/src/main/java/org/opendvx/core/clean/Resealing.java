package org.opendvx.core.clean;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.clean.Choice.Candidate;
import org.opendvx.core.clean.Choice.Chosen;
import org.opendvx.core.datastore.DataKeys;
import org.opendvx.core.datastore.Reclaim;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.pool.CheckedRecord;
import org.opendvx.core.pool.ContainerStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chooses, beside {@link Choice}, what has to be sealed anew since the data key was changed, and
 * takes the old keys out of the ring when nothing is left under them.
 *
 * <p>A slot has its container before it is sealed. So whatever an older key sealed is in a
 * container whose id is below a mark that was drawn after the change; cleaning moves what is alive
 * there to containers above it. When the pool has none below the mark after a round that began
 * later, whose checkpoint needs no older journal record, nothing refers to an older key.
 *
 * <p>Where several hosts use the pool, a new key is announced first. A round begins by letting all
 * know it; then it is put in force; when all seal under it, the mark is drawn, and all open new
 * containers above it. Before the old keys go, all say that none below the mark is on its way.
 * docs/cleaner.md says why that is enough.
 *
 * <p>The methods but {@link #status}, {@link #active} and {@link #renew} are confined to the
 * cleaner's round.
 */
final class Resealing {
  private static final Logger LOG = LoggerFactory.getLogger(Resealing.class);

  private final Reclaim store;
  private final ContainerStore containers;
  private final DataKeys keys;
  private final Referrers referrers;
  private final Duration limit;
  private final CheckedRecord record;
  private boolean read;
  private volatile @Nullable ResealRecord running;
  private volatile long left = -1;
  private volatile long bytesLeft = -1;
  private volatile @Nullable String trouble;
  private final AtomicLong completed = new AtomicLong();

  /** Old keys went, and some host may still have them in its memory. */
  private boolean remembered;

  /**
   * What is to be sealed anew.
   *
   * @param limit for what others are asked
   */
  Resealing(Reclaim store, Referrers referrers, Duration limit) {
    this.store = store;
    this.referrers = referrers;
    this.limit = limit;
    // A process before this one may have ended after the old keys went and before all knew.
    this.remembered = store.keys().isShared();
    this.containers = store.pool().containers();
    this.keys = store.keys();
    this.record =
        new CheckedRecord(
            store.pool().records(), ResealRecord.KEY, "Another process cleans the same pool");
  }

  /** Makes a new data key; gives its id. */
  int renew() {
    return keys.isShared() ? keys.announce() : keys.renew();
  }

  /** Whether older keys are still in the ring, or a key that is not in force yet. */
  boolean active() {
    return keys.holdsOldKeys() || keys.announces();
  }

  /** Whether a round is needed although nothing was chosen for it. */
  boolean pending() {
    ResealRecord now = running;
    return active()
        && (now == null || keys.announces() || now.keyId() != keys.currentId() || left == 0);
  }

  /**
   * A round begins: a change of the key that was made since the last one is taken up. What keeps
   * that from being done does not keep the round from cleaning.
   */
  void begin() throws InterruptedException {
    if (!read) {
      running = record.read().map(ResealRecord::decode).orElse(null);
      read = true;
    }
    if (!keys.isShared()) {
      mark(store::markId);
      return;
    }
    try {
      keys.follow();
      if (keys.announces()) {
        int newest = keys.newestId();
        long _ = referrers.followKeys(keys.currentId(), newest, false, limit);
        keys.putInForce(newest);
        LOG.info("All hosts know data key {}: it is in force", newest);
      }
      mark(this::markForAll);
      if (remembered) {
        letForget();
      }
      trouble = null;
    } catch (DvxException e) {
      trouble = "Not all hosts have taken up the key ring: " + e.report().cause();
      LOG.warn("The change of the data key cannot be taken up yet. {}", e.render());
    }
  }

  /** Draws a mark when all seal under the current key, and has them write above it from then on. */
  private long markForAll() throws InterruptedException {
    int current = keys.currentId();
    long _ = referrers.followKeys(current, current, false, limit);
    long mark = store.markAboveAll();
    long _ = referrers.followKeys(current, current, true, limit);
    return mark;
  }

  /** Draws marks. */
  private interface Marks {
    long draw() throws InterruptedException;
  }

  private void mark(Marks marks) throws InterruptedException {
    ResealRecord now = running;
    int keyId = keys.currentId();
    if (!keys.holdsOldKeys()) {
      return;
    }
    if (now != null && now.keyId() == keyId) {
      if (left < 0) {
        count(now.mark());
      }
      return;
    }
    // Drawn after the change: what an older key sealed is below it.
    long mark = marks.draw();
    long[] found = below(mark);
    ResealRecord fresh =
        new ResealRecord(keyId, mark, System.currentTimeMillis(), found[0], found[1]);
    record.write(store.epoch(), fresh.encode());
    running = fresh;
    left = found[0];
    bytesLeft = found[1];
    LOG.info(
        "Everything is sealed anew under data key {}: {} containers, {} bytes",
        keyId,
        found[0],
        found[1]);
  }

  /**
   * Adds what is to be sealed anew to what was chosen for the next round, the oldest first.
   *
   * @param ids of containers, ascending
   * @param without not to be chosen
   */
  Chosen beside(Chosen chosen, long[] ids, Set<Long> without, CleanerSettings settings) {
    ResealRecord now = running;
    if (!keys.holdsOldKeys() || now == null || now.keyId() != keys.currentId()) {
      return chosen;
    }
    List<Candidate> victims = new ArrayList<>(chosen.victims());
    Set<Long> already = new TreeSet<>(without);
    victims.forEach(victim -> already.add(victim.place()));
    long moved = victims.stream().mapToLong(Candidate::live).sum();
    for (long id : ids) {
      int length = id < now.mark() ? containers.length(id).orElse(0) : 0;
      if (victims.size() >= settings.victims() || moved + length > settings.movedBytes()) {
        break;
      }
      if (length > 0 && !already.contains(id)) {
        victims.add(new Candidate(id, length, length, 0));
        moved += length;
      }
    }
    return new Chosen(victims, chosen.garbage(), chosen.live());
  }

  /**
   * A round that {@link #begin} preceded has ended: nothing but what is in containers can refer to
   * an older key any more.
   */
  void ended() throws InterruptedException {
    ResealRecord now = running;
    if (!keys.holdsOldKeys() || now == null || now.keyId() != keys.currentId()) {
      return;
    }
    count(now.mark());
    if (left > 0) {
      return;
    }
    try {
      if (keys.isShared() && !nothingOnItsWay(now)) {
        return;
      }
      remembered = keys.isShared();
      keys.dropOld();
      completed.incrementAndGet();
      trouble = null;
      LOG.info("Nothing is sealed under an older data key than {} any more", now.keyId());
    } catch (DvxException e) {
      // Nothing is lost but time; the next round tries again.
      trouble = e.getMessage();
      LOG.warn("The old data keys cannot be taken out of the ring yet. {}", e.render());
      return;
    }
    if (remembered) {
      try {
        letForget();
      } catch (DvxException e) {
        LOG.info("Not all hosts have forgotten the old data keys yet: {}", e.getMessage());
      }
    }
  }

  /** Whether no container below the mark is open at any host or on its way, nor has come since. */
  private boolean nothingOnItsWay(ResealRecord now) throws InterruptedException {
    if (referrers.followKeys(now.keyId(), now.keyId(), false, limit) < now.mark()) {
      return false;
    }
    count(now.mark());
    return left == 0;
  }

  private void letForget() throws InterruptedException {
    long _ = referrers.followKeys(keys.currentId(), keys.newestId(), false, limit);
    remembered = false;
  }

  private void count(long mark) {
    long[] found = below(mark);
    bytesLeft = found[1];
    left = found[0];
  }

  /** How many containers are below a mark, and their bytes. */
  private long[] below(long mark) {
    long[] found = new long[2];
    containers.forEach(
        id -> {
          if (id < mark) {
            found[0]++;
            found[1] += containers.length(id).orElse(0);
          }
        });
    return found;
  }

  ResealStatus status() {
    ResealRecord now = running;
    boolean active = active();
    boolean begun =
        keys.holdsOldKeys() && now != null && now.keyId() == keys.currentId() && !keys.announces();
    long none = active ? -1 : 0;
    return new ResealStatus(
        keys.currentId(),
        keys.ids(),
        active,
        begun && now != null ? Instant.ofEpochMilli(now.startedMillis()) : null,
        begun && now != null ? now.containers() : 0,
        begun && now != null ? now.bytes() : 0,
        begun ? left : none,
        begun ? bytesLeft : none,
        completed.get(),
        active ? trouble : null);
  }
}
