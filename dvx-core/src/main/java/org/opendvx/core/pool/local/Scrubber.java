package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads every shard and its checksums, now and then, and writes those anew that are bad. Containers
 * are taken in the order of their ids, so that a restart goes on where it was. One thread calls it.
 */
final class Scrubber {
  private static final Logger LOG = LoggerFactory.getLogger(Scrubber.class);
  private static final int MOST_FINDINGS = 100;
  private static final int SLICE = 8;

  /** Read errors after which a drive is shut out; as for other reads. */
  private static final int MOST_READ_ERRORS = 3;

  private static final long NOTE_MILLIS = 30_000;
  private static final String CURSOR = "scrub.cursor";
  private static final String LAST = "scrub.last";
  private static final String STARTED = "scrub.started";
  private static final String FINISHED = "scrub.finished";
  private static final String FOUND = "scrub.found";
  private static final String REPAIRED = "scrub.repaired";
  private static final String BYTES = "scrub.bytes";
  private static final String DONE = "scrub.done";

  private final UUID pool;
  private final long created;
  private final MembershipKeeper keeper;
  private final LocalContainerStore containers;
  private final DriveCareSettings settings;
  private final CareRecord record;
  private final Pace pace;
  private final Deque<CareStatus.Finding> findings = new ArrayDeque<>();
  private long[] ids = new long[0];
  private int next;
  private long notedMillis;

  /** What is wrong with a shard. */
  record Damage(long offset, String what, boolean driveFailed) {}

  Scrubber(
      UUID pool,
      long created,
      MembershipKeeper keeper,
      LocalContainerStore containers,
      DriveCareSettings settings,
      CareRecord record) {
    this.pool = pool;
    this.created = created;
    this.keeper = keeper;
    this.containers = containers;
    this.settings = settings;
    this.record = record;
    this.pace = new Pace(settings.scrubRate());
  }

  CareStatus.Scrub status() {
    boolean running = record.get(STARTED) > record.get(FINISHED);
    List<CareStatus.Finding> last;
    synchronized (findings) {
      last = List.copyOf(findings);
    }
    long count = containers.count();
    return new CareStatus.Scrub(
        running,
        running ? Math.max(count, record.get(DONE)) : record.get(DONE),
        record.get(DONE),
        record.get(BYTES),
        record.get(STARTED),
        record.get(FINISHED),
        record.get(FOUND),
        record.get(REPAIRED),
        last);
  }

  /** Begins, unless it is under way. */
  void begin() {
    if (record.get(STARTED) > record.get(FINISHED)) {
      return;
    }
    for (String key : List.of(CURSOR, FOUND, REPAIRED, BYTES, DONE)) {
      record.set(key, 0);
    }
    record.set(LAST, Arrays.stream(containers.index().sortedIds()).max().orElse(0));
    record.set(STARTED, Math.max(System.currentTimeMillis(), record.get(FINISHED) + 1));
    record.save();
    LOG.info("Scrubbing {} containers", containers.count());
  }

  /**
   * Does some of it.
   *
   * @return whether there was anything to do
   */
  boolean slice() throws InterruptedException {
    if (keeper.view().failed()) {
      return false;
    }
    if (record.get(STARTED) <= record.get(FINISHED)) {
      ids = new long[0];
      next = 0;
      long last = Math.max(created, record.get(FINISHED));
      long every = settings.scrubEvery().toMillis();
      if (every == 0 || System.currentTimeMillis() - last < every) {
        return false;
      }
      begin();
    }
    if (next >= ids.length) {
      long cursor = record.get(CURSOR);
      // Those that were put since it began are for the next one.
      long last = record.get(LAST);
      ids =
          Arrays.stream(containers.index().sortedIds())
              .filter(id -> id > cursor && id <= last)
              .toArray();
      next = 0;
      if (ids.length == 0) {
        finish();
        return true;
      }
    }
    for (int i = 0; i < SLICE && next < ids.length; i++) {
      check(ids[next]);
      record.set(CURSOR, ids[next++]);
      record.set(DONE, record.get(DONE) + 1);
    }
    if (System.currentTimeMillis() - notedMillis > NOTE_MILLIS) {
      notedMillis = System.currentTimeMillis();
      record.save();
    }
    return true;
  }

  private void finish() {
    record.set(FINISHED, Math.max(System.currentTimeMillis(), record.get(STARTED)));
    record.save();
    LOG.info(
        "Scrubbed {} containers: {} bad shards, {} of them repaired",
        record.get(DONE),
        record.get(FOUND),
        record.get(REPAIRED));
  }

  private void check(long id) throws InterruptedException {
    ContainerEntry entry = containers.index().get(id);
    if (entry == null) {
      return;
    }
    PoolView view = keeper.view();
    List<DriveIo.Pending<Damage>> pending = new ArrayList<>();
    List<Drive> drives = new ArrayList<>();
    for (int shard = 0; shard < entry.shape().shards(); shard++) {
      Drive drive = view.drive(entry.drive(shard));
      if (drive != null) {
        ShardName name = entry.name(shard);
        drives.add(drive);
        pending.add(drive.io().start(DriveIo.Lane.BACKGROUND, _ -> damage(pool, drive, name)));
      }
    }
    for (int i = 0; i < drives.size(); i++) {
      Drive drive = drives.get(i);
      int shard = DriveSet.shardOn(entry.drives(), entry.shape().shards(), drive.index());
      try {
        Damage damage = pending.get(i).await(drive.io().deadline(DriveIo.Lane.BACKGROUND));
        if (damage != null) {
          bad(entry, shard, drive, damage);
        }
      } catch (IOException e) {
        if (keeper.view().uses(drive)) {
          keeper.shutOut(drive, "a scrub: " + IoErrors.brief(e));
        }
      }
    }
    long bytes = (long) entry.shape().fileBytes() * drives.size();
    record.set(BYTES, record.get(BYTES) + bytes);
    pace.worked(bytes);
  }

  private void bad(ContainerEntry entry, int shard, Drive drive, Damage damage) {
    ContainerEntry now = containers.index().get(entry.id());
    if (now == null || now.attempt() != entry.attempt() || now.drive(shard) != drive.index()) {
      // Deleted or moved while it was read.
      return;
    }
    drive.badShards().incrementAndGet();
    if (damage.driveFailed() && drive.readErrors().incrementAndGet() >= MOST_READ_ERRORS) {
      keeper.shutOut(drive, "reads fail: " + damage.what());
      return;
    }
    boolean repaired = containers.repair().repair(entry, shard);
    LOG.warn(
        "Shard {} of container {} on {} is bad at {}: {}; {}",
        shard,
        entry.id(),
        drive,
        damage.offset(),
        damage.what(),
        repaired ? "written anew" : "not repaired");
    record.set(FOUND, record.get(FOUND) + 1);
    record.set(REPAIRED, record.get(REPAIRED) + (repaired ? 1 : 0));
    synchronized (findings) {
      findings.add(
          new CareStatus.Finding(
              System.currentTimeMillis(),
              drive.index(),
              drive.folder().root().toString(),
              entry.id(),
              shard,
              damage.offset(),
              damage.what(),
              repaired));
      if (findings.size() > MOST_FINDINGS) {
        findings.removeFirst();
      }
    }
  }

  /** Reads a whole shard past all caches, on a thread of its drive; null when it is good. */
  static @Nullable Damage damage(UUID pool, Drive drive, ShardName name) throws IOException {
    int bytes = name.shape().fileBytes();
    ByteBuffer file = Buffers.ofThread(bytes);
    try (DriveFile shard = drive.folder().open(name.path(), false)) {
      shard.read(file, 0);
    } catch (NoSuchFileException _) {
      drive.checkPresent();
      return new Damage(0, "the file is gone", false);
    } catch (IOException e) {
      return new Damage(0, IoErrors.brief(e), true);
    }
    file.flip();
    if (file.limit() < bytes) {
      return new Damage(file.limit(), "the file is too short", false);
    }
    ShardHeader header = ShardHeader.decode(file.slice(0, ShardHeader.BYTES), pool, name);
    if (header == null) {
      return new Damage(0, "the header is damaged", false);
    }
    CRC32C crc = new CRC32C();
    int length = name.shape().shardLength();
    for (int at = 0; at < length; at += ShardHeader.CRC_BLOCK) {
      int step = Math.min(ShardHeader.CRC_BLOCK, length - at);
      if (!header.verifies(file.slice(ShardHeader.BYTES + at, step), at, crc)) {
        return new Damage((long) ShardHeader.BYTES + at, "a checksum does not match", false);
      }
    }
    return null;
  }
}
