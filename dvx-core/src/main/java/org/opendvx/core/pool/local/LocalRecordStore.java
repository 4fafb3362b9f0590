package org.opendvx.core.pool.local;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The register: a copy of every record on every active drive. Versions are kept in memory; values
 * are read when asked for.
 *
 * <p>A write goes to all drives under a temporary name first, so that a full drive fails it without
 * a trace, and is then renamed on all. When it fails between, it is not known which version will
 * win: such a key is settled, the highest copy being written to all drives, before it is read or
 * changed again. So two different values never compete under one version.
 */
final class LocalRecordStore implements RecordStore {
  private static final Logger LOG = LoggerFactory.getLogger(LocalRecordStore.class);
  private static final Pattern KEY = Pattern.compile("[a-z0-9.-]([a-z0-9./-]{0,126}[a-z0-9.-])?");

  /** Keys of the pool itself; no caller sees them. */
  static final String INTERNAL = "pool/";

  private static final int STRIPES = 64;
  private static final long ANY_VERSION = -1;
  private static final long NO_TAG = 0;

  private final MembershipKeeper keeper;
  private final Fences fences;
  private final Lock gate;
  private final Ballast ballast;
  private final Map<String, Known> known = new ConcurrentHashMap<>();
  private final AtomicLong lastStamp = new AtomicLong();
  private final Object[] stripes = new Object[STRIPES];

  /** The copy that counts; not settled when drives may hold others. */
  private record Known(long version, long stamp, boolean settled) {
    boolean is(RecordFile file) {
      return file.version() == version && file.stamp() == stamp;
    }
  }

  /**
   * An empty register, to be loaded.
   *
   * @param gate held shared by every change; held exclusively while a drive is taken back
   * @param ballast given up for records
   */
  LocalRecordStore(MembershipKeeper keeper, Fences fences, Lock gate, Ballast ballast) {
    this.ballast = ballast;
    this.keeper = keeper;
    this.fences = fences;
    this.gate = gate;
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new Object();
    }
  }

  /**
   * Learns what the believed drives hold.
   *
   * @return drives that could not be read
   */
  List<DriveGroup.Outcome<Map<String, RecordFile>>> load(Collection<Drive> believed) {
    List<DriveGroup.Outcome<Map<String, RecordFile>>> outcomes =
        DriveGroup.run(
            believed, DriveIo.Lane.READ, 4, (drive, _) -> RecordCopies.readAll(drive.folder()));
    List<Map<String, RecordFile>> copies = new ArrayList<>();
    Set<String> keys = new TreeSet<>();
    for (DriveGroup.Outcome<Map<String, RecordFile>> outcome : outcomes) {
      Map<String, RecordFile> found = outcome.value();
      if (found != null) {
        copies.add(found);
        keys.addAll(found.keySet());
      }
    }
    for (String key : keys) {
      learn(key, copies);
    }
    return outcomes.stream().filter(outcome -> !outcome.ok()).toList();
  }

  private void learn(String key, List<Map<String, RecordFile>> copies) {
    RecordFile best = RecordCopies.DAMAGED;
    for (Map<String, RecordFile> drive : copies) {
      RecordFile copy = drive.getOrDefault(key, RecordCopies.DAMAGED);
      best = copy.newerThan(best) ? copy : best;
    }
    boolean same = !best.isDamaged();
    for (Map<String, RecordFile> drive : copies) {
      same &= drive.getOrDefault(key, RecordCopies.DAMAGED).sameAs(best);
    }
    known.put(key, new Known(best.version(), best.stamp(), same));
    lastStamp.accumulateAndGet(best.stamp(), Math::max);
  }

  /** Makes every record the same on all drives, once the membership is in force. */
  void settleAll() {
    for (Map.Entry<String, Known> entry : known.entrySet()) {
      if (!entry.getValue().settled()) {
        synchronized (stripe(entry.getKey())) {
          settleOrReport(entry.getKey());
        }
      }
    }
  }

  /** A record that is damaged everywhere is an error for those who ask for it, not for all. */
  private void settleOrReport(String key) {
    try {
      settled(key);
    } catch (DvxException e) {
      if (e.kind() != Kind.CORRUPT) {
        throw e;
      }
      LOG.error("Record {}: {}", key, e.getMessage());
    }
  }

  @Override
  public Optional<VersionedRecord> get(String key) {
    checkKey(key);
    return getInternal(key);
  }

  /** As {@link #get}, for keys of the pool itself. */
  Optional<VersionedRecord> getInternal(String key) {
    gate.lock();
    try {
      synchronized (stripe(key)) {
        Known now = settled(key);
        if (now == null) {
          return Optional.empty();
        }
        RecordFile file = readGood(key, now);
        return Optional.of(new VersionedRecord(file.version(), file.value()));
      }
    } finally {
      gate.unlock();
    }
  }

  /** The value of a key of the pool itself, while the pool is being opened. */
  byte[] peek(String key) {
    synchronized (stripe(key)) {
      RecordFile best = RecordCopies.best(RecordCopies.readFrom(key, keeper.view().usable()));
      if (best == null) {
        throw unreadable(key, false);
      }
      return best.value();
    }
  }

  @Override
  public long put(Epoch epoch, String key, long expectedVersion, byte[] value) {
    return put(epoch, key, expectedVersion, value, NO_TAG);
  }

  /** As {@link #put}, and done already when the next version bears the same tag. */
  long put(Epoch epoch, String key, long expectedVersion, byte[] value, long tag) {
    checkKey(key);
    if (expectedVersion < 0) {
      throw DvxException.of(Kind.INVALID, "A version is not negative").detail("key", key).build();
    }
    Lock fence = fences.enter(epoch);
    try {
      return put(key, expectedVersion, value, tag);
    } finally {
      fence.unlock();
    }
  }

  /** Writes a record of the pool itself, whatever its version is. */
  void putInternal(String key, byte[] value) {
    put(key, ANY_VERSION, value, NO_TAG);
  }

  /**
   * Writes a record of the pool itself to the believed drives, while the pool is being opened. They
   * are so many that every later opening has one of them.
   */
  void putWhileOpening(String key, byte[] value) {
    synchronized (stripe(key)) {
      List<Drive> drives = keeper.view().usable();
      RecordFile best = RecordCopies.best(RecordCopies.readFrom(key, drives));
      long version = best == null ? 1 : best.version() + 1;
      RecordFile file =
          new RecordFile(key, version, lastStamp.incrementAndGet(), NO_TAG, value.clone());
      for (DriveGroup.Outcome<Void> outcome :
          ballast.<Void>run(
              drives,
              DriveIo.Lane.WRITE,
              (drive, ticket) -> {
                drive.checkPresent();
                ticket.check();
                RecordCopies.store(drive.folder(), file);
                drive.folder().forceDirectory(Layout.RECORDS);
                return null;
              })) {
        if (outcome.noSpace()) {
          throw noSpace(key);
        }
        if (!outcome.ok()) {
          keeper.setAside(outcome.drive(), IoErrors.brief(outcome.failureOrBug()));
        }
      }
      known.put(key, new Known(version, file.stamp(), false));
    }
  }

  private long put(String key, long expectedVersion, byte[] value, long tag) {
    if (value.length > MAX_VALUE) {
      throw DvxException.of(Kind.INVALID, "The record is too large")
          .detail("key", key)
          .detail("bytes", value.length)
          .detail("most", MAX_VALUE)
          .build();
    }
    gate.lock();
    try {
      synchronized (stripe(key)) {
        keeper.requireServing();
        Known now = settled(key);
        long version = now == null ? 0 : now.version();
        if (tag != NO_TAG
            && now != null
            && version == expectedVersion + 1
            && readGood(key, now).tag() == tag) {
          return version;
        }
        if (expectedVersion != ANY_VERSION && expectedVersion != version) {
          throw DvxException.of(Kind.CONFLICT, "The record has changed")
              .detail("key", key)
              .detail("expected version", expectedVersion)
              .detail("version", version)
              .build();
        }
        write(new RecordFile(key, version + 1, lastStamp.incrementAndGet(), tag, value.clone()));
        return version + 1;
      }
    } finally {
      gate.unlock();
    }
  }

  @Override
  public List<String> keys(String prefix) {
    return keysInternal(prefix).stream().filter(key -> !key.startsWith(INTERNAL)).toList();
  }

  /** As {@link #keys}, with those of the pool itself. */
  List<String> keysInternal(String prefix) {
    return known.entrySet().stream()
        .filter(entry -> entry.getKey().startsWith(prefix) && entry.getValue().version() != 0)
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  /**
   * Copies every record to a drive that is about to be taken back. Run twice: beside changes, and
   * for the rest while changes are kept out.
   *
   * @param copied stamps of what the drive holds already; added to
   */
  void copyTo(Drive target, Map<String, Long> copied) throws IOException {
    Map<String, RecordFile> missing = new HashMap<>();
    for (String key : known.keySet()) {
      synchronized (stripe(key)) {
        Known now = known.get(key);
        RecordFile best =
            now != null && now.settled()
                ? readGood(key, now)
                : RecordCopies.best(RecordCopies.readFrom(key, keeper.view().usable()));
        if (best != null && !Long.valueOf(best.stamp()).equals(copied.get(key))) {
          missing.put(key, best);
        }
      }
    }
    for (RecordFile file : missing.values()) {
      target.io().call(DriveIo.Lane.WRITE, _ -> RecordCopies.store(target.folder(), file));
      copied.put(file.key(), file.stamp());
    }
    target
        .io()
        .call(
            DriveIo.Lane.WRITE,
            _ -> {
              target.folder().forceDirectory(Layout.RECORDS);
              return null;
            });
  }

  /** Writes a copy to all usable drives. The caller holds the key's stripe and the gate. */
  private void write(RecordFile file) {
    List<DriveGroup.Outcome<Void>> written =
        ballast.run(
            keeper.requireServing().usable(),
            DriveIo.Lane.WRITE,
            (drive, ticket) -> {
              drive.checkPresent();
              ticket.check();
              file.writeTemporary(drive.folder());
              return null;
            });
    List<Drive> good = shutOutBroken(written);
    if (written.stream().anyMatch(DriveGroup.Outcome::noSpace)) {
      RecordCopies.discard(file.key(), keeper.view().usable());
      throw noSpace(file.key());
    }
    keeper.requireServing();
    known.compute(
        file.key(),
        (_, before) ->
            before == null
                ? new Known(0, 0, false)
                : new Known(before.version(), before.stamp(), false));
    List<DriveGroup.Outcome<Void>> published =
        DriveGroup.run(
            good,
            DriveIo.Lane.WRITE,
            (drive, ticket) -> {
              drive.checkPresent();
              ticket.check();
              file.publish(drive.folder());
              drive.folder().forceDirectory(Layout.RECORDS);
              return null;
            });
    List<Drive> durable = shutOutBroken(published);
    if (published.stream().anyMatch(DriveGroup.Outcome::noSpace)) {
      throw noSpace(file.key());
    }
    if (!durable.containsAll(keeper.requireServing().usable())) {
      throw DvxException.of(Kind.UNAVAILABLE, "A drive came back while a record was written")
          .remedy("Read the record again, and repeat the change if it is not there")
          .detail("key", file.key())
          .build();
    }
    known.put(file.key(), new Known(file.version(), file.stamp(), true));
  }

  private List<Drive> shutOutBroken(List<DriveGroup.Outcome<Void>> outcomes) {
    List<Drive> good = new ArrayList<>();
    for (DriveGroup.Outcome<Void> outcome : outcomes) {
      if (outcome.ok()) {
        good.add(outcome.drive());
      } else if (outcome.broken() && outcome.failure() != null) {
        keeper.shutOut(outcome.drive(), "a record: " + IoErrors.brief(outcome.failure()));
      }
    }
    return good;
  }

  /** What is known of a key, all drives holding the same. The caller holds the key's stripe. */
  private @Nullable Known settled(String key) {
    Known now = known.get(key);
    if (now == null || now.settled()) {
      return now;
    }
    List<Drive> drives = keeper.requireServing().usable();
    Map<Drive, RecordFile> copies = RecordCopies.readFrom(key, drives);
    RecordFile best = RecordCopies.best(copies);
    if (best == null) {
      if (now.version() > 0 || copies.containsValue(RecordCopies.DAMAGED)) {
        throw unreadable(key, false);
      }
      known.remove(key);
      return null;
    }
    LOG.info("Settling record {} at version {}", key, best.version());
    write(best);
    return known.get(key);
  }

  /** Reads the copy that counts, and repairs copies that turn out bad on the way. */
  private RecordFile readGood(String key, Known now) {
    List<Drive> bad = new ArrayList<>();
    for (Drive drive : keeper.view().usable()) {
      RecordFile file = RecordCopies.read(key, drive);
      if (file != null && now.is(file)) {
        for (Drive other : bad) {
          repair(other, file);
        }
        return file;
      }
      bad.add(drive);
    }
    shutOutBroken(
        DriveGroup.<Void>run(
            bad,
            DriveIo.Lane.CONTROL,
            (drive, _) -> {
              drive.checkPresent();
              return null;
            }));
    throw unreadable(key, keeper.view().usable().size() < bad.size());
  }

  private void repair(Drive drive, RecordFile file) {
    try {
      drive.io().call(DriveIo.Lane.WRITE, _ -> RecordCopies.store(drive.folder(), file));
      LOG.warn("Repaired the copy of record {} on {}", file.key(), drive);
    } catch (IOException e) {
      if (!IoErrors.isNoSpace(e)) {
        keeper.shutOut(drive, "a record could not be repaired: " + IoErrors.brief(e));
      }
    }
  }

  private Object stripe(String key) {
    return stripes[Math.floorMod(key.hashCode(), STRIPES)];
  }

  private static void checkKey(String key) {
    if (!KEY.matcher(key).matches() || key.contains("..") || key.startsWith(INTERNAL)) {
      throw DvxException.of(Kind.INVALID, "Not a key of a record")
          .cause(
              "Keys are 1 to 128 characters of a-z, 0-9, '.', '-' and inner '/', without '..' and"
                  + " not below "
                  + INTERNAL)
          .detail("key", key)
          .build();
    }
  }

  private static DvxException noSpace(String key) {
    return DvxException.of(Kind.NO_SPACE, "A drive has no room for a record")
        .remedy("Free room on the drives' file systems")
        .detail("key", key)
        .build();
  }

  private DvxException unreadable(String key, boolean drivesGone) {
    PoolView view = keeper.view();
    return DvxException.of(
            view.failed() || drivesGone ? Kind.UNAVAILABLE : Kind.CORRUPT,
            "No good copy of a record was found")
        .cause("All copies on usable drives are damaged or missing")
        .remedy("Bring missing drives back")
        .detail("key", key)
        .detail("not usable", view.reasons())
        .build();
  }
}
