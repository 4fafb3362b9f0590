package org.opendvx.core.pool.local;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.JournalStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The journals of all hosts. */
final class Journals {
  private static final Logger LOG = LoggerFactory.getLogger(Journals.class);

  private final UUID pool;
  private final LocalPoolConfig config;

  /** Looks at the drives after which the copies of a replayed journal are read: 10 s usually. */
  private static final int CHECK_AFTER_PROBES = 20;

  private final MembershipKeeper keeper;
  private final LocalRecordStore records;
  private final Fences fences;
  private final Room room;
  private final Ballast ballast;

  /** Journals of which there is a manifest, held by somebody or not. */
  private final Map<String, LocalJournal> known = new ConcurrentHashMap<>();

  private final Map<String, HeldJournal> held = new ConcurrentHashMap<>();

  Journals(
      UUID pool,
      LocalPoolConfig config,
      MembershipKeeper keeper,
      LocalRecordStore records,
      Fences fences,
      Room room,
      Ballast ballast) {
    this.pool = pool;
    this.config = config;
    this.keeper = keeper;
    this.records = records;
    this.fences = fences;
    this.room = room;
    this.ballast = ballast;
  }

  /**
   * Learns of the journals that there are, before the membership is in force.
   *
   * @throws DvxException UNAVAILABLE when some part of one is on no drive that is there
   */
  void load() {
    PoolView view = keeper.view();
    for (String key : records.keysInternal(JournalManifest.PREFIX)) {
      String host = key.substring(JournalManifest.PREFIX.length());
      JournalManifest manifest = JournalManifest.decode(records.peek(key));
      for (JournalManifest.Entry entry : manifest.segments()) {
        if (entry.mirrors().stream().allMatch(mirror -> mirror.on(view) == null)) {
          throw unreachable(host, entry, view);
        }
      }
      known.put(host, journal(host, manifest));
    }
    reserveRoom();
  }

  /** See {@link LocalJournal#strengthen}. */
  void strengthen() {
    known.values().forEach(LocalJournal::strengthen);
  }

  /** Hands a journal out. */
  synchronized JournalStore hold(String host) {
    Fences.checkHost(host);
    if (held.containsKey(host)) {
      throw DvxException.of(Kind.CONFLICT, "The journal is held by somebody else")
          .remedy("Close it there first")
          .detail("host", host)
          .build();
    }
    LocalJournal journal =
        known.computeIfAbsent(
            host, _ -> journal(host, new JournalManifest(config.segmentBytes(), 1, List.of())));
    HeldJournal hold = new HeldJournal(journal, () -> letGo(host, journal));
    held.put(host, hold);
    reserveRoom();
    journal.prepareSlots();
    journal.fill();
    return hold;
  }

  private synchronized void letGo(String host, LocalJournal journal) {
    journal.release();
    held.remove(host);
  }

  private void reserveRoom() {
    int drives = Math.max(1, keeper.view().usable().size());
    long slots = LocalJournal.slotsPerDrive(config.journalSegments(), drives);
    long bytes = 0;
    for (LocalJournal journal : known.values()) {
      bytes += slots * journal.segmentBytes();
    }
    room.setJournalTarget(bytes);
  }

  private LocalJournal journal(String host, JournalManifest manifest) {
    return new LocalJournal(
        pool,
        host,
        keeper,
        records,
        fences,
        ballast,
        manifest,
        config.journalSegments(),
        config.probeInterval().multipliedBy(CHECK_AFTER_PROBES));
  }

  /** Copies what has lost a mirror. */
  void lookAfter() {
    for (Map.Entry<String, LocalJournal> entry : known.entrySet()) {
      try {
        entry.getValue().lookAfter();
      } catch (DvxException e) {
        LOG.warn("The journal of {} could not be looked after: {}", entry.getKey(), e.getMessage());
      }
    }
  }

  /** Whether a membership leaves a copy of every part of every journal in use. Takes no lock. */
  boolean kept(Membership next) {
    return known.values().stream().allMatch(journal -> journal.kept(next));
  }

  /** Fewest copies of any live segment. */
  int leastCopies() {
    int least = Math.min(Quorum.MIRRORS, keeper.view().usable().size());
    for (LocalJournal journal : known.values()) {
      least = Math.min(least, journal.leastCopies());
    }
    return least;
  }

  boolean fullyMirrored() {
    return leastCopies() >= Math.min(Quorum.MIRRORS, keeper.view().usable().size());
  }

  /** Counts the room that journals take on a drive which is about to be taken up. */
  void count(Drive drive) throws IOException {
    for (LocalJournal journal : known.values()) {
      journal.count(drive);
    }
  }

  /** Whether a drive that is back has the ends of all journals that it had. */
  boolean agree(Drive returned, PoolView view) {
    return known.values().stream().allMatch(journal -> journal.agrees(returned, view));
  }

  void close() {
    List.copyOf(held.values()).forEach(HeldJournal::close);
  }

  private static DvxException unreachable(String host, JournalManifest.Entry entry, PoolView view) {
    return DvxException.of(Kind.UNAVAILABLE, "Part of a journal is on drives that are missing")
        .cause("No drive that is believed has a copy of segment " + entry.number())
        .remedy("Bring the missing drives back; nothing was changed")
        .detail("host", host)
        .detail("drives", entry.mirrors().stream().map(JournalManifest.Mirror::drive).toList())
        .detail("not usable", view.reasons())
        .build();
  }
}
