package org.opendvx.core.pool.local;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.Lock;
import java.util.function.Supplier;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.PoolStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives containers the shards that they lack, one container at a time; and moves shards. Any number
 * of threads, each with a container of its own.
 *
 * <p>A shard that is lost, or on a drive that is to leave, is written to another drive that has
 * none of the container. Where there is none, because stripes are as wide as there are drives, the
 * whole container is written once more in the shape of a new one, and the old shards are removed.
 * Every step may be the last one of the process: a shard counts once it is durable under its name,
 * of two copies of a shard one is removed when the pool opens, and of two attempts the complete one
 * stays.
 */
final class Mender {
  private static final Logger LOG = LoggerFactory.getLogger(Mender.class);

  /** Bytes that writers may take before a look at the room is outdated. */
  private static final long SLACK = 8L * ContainerStore.MAX_LENGTH;

  private final UUID pool;
  private final MembershipKeeper keeper;
  private final ContainerIndex index;
  private final Room room;
  private final ContainerReader reader;
  private final ContainerWriter writer;
  private final Stripes stripes;
  private final Lock gate;
  private final ShardCache cache;
  private final Removals removals;

  /** What came of a container. */
  enum Result {
    /** Nothing is to be done, or nothing can be made better with the drives in use. */
    NOTHING,
    DONE,
    /** No drive has room. */
    NO_ROOM,
    /** Too little of it can be read, or a drive failed; to be tried again. */
    FAILED
  }

  /**
   * What came of a container.
   *
   * @param bytes read and written
   * @param reason why it was not done, empty when it was
   */
  record Outcome(Result result, long bytes, String reason) {
    private static final Outcome NOTHING = new Outcome(Result.NOTHING, 0, "");

    private static Outcome failed(String reason) {
      return new Outcome(Result.FAILED, 0, reason);
    }
  }

  Mender(
      UUID pool,
      MembershipKeeper keeper,
      ContainerIndex index,
      Room room,
      ContainerReader reader,
      ContainerWriter writer,
      Stripes stripes,
      Lock gate,
      ShardCache cache,
      Removals removals) {
    this.pool = pool;
    this.keeper = keeper;
    this.index = index;
    this.room = room;
    this.reader = reader;
    this.writer = writer;
    this.stripes = stripes;
    this.gate = gate;
    this.cache = cache;
    this.removals = removals;
  }

  /** Shards of a container that no drive in use has. */
  static List<Integer> missing(ContainerEntry entry, PoolView view) {
    List<Integer> missing = new ArrayList<>(Quorum.PARITY);
    for (int shard = 0; shard < entry.shape().shards(); shard++) {
      if (view.drive(entry.drive(shard)) == null) {
        missing.add(shard);
      }
    }
    return missing;
  }

  /** Shards of a container on drives that are to leave. */
  static List<Integer> leaving(ContainerEntry entry, PoolView view) {
    List<Integer> leaving = new ArrayList<>(1);
    for (int shard = 0; shard < entry.shape().shards(); shard++) {
      int drive = entry.drive(shard);
      if (view.drive(drive) != null && view.membership().isLeaving(drive)) {
        leaving.add(shard);
      }
    }
    return leaving;
  }

  /** Writes the shards elsewhere that are lost or on drives which are to leave. */
  Outcome mend(long id) {
    ContainerEntry entry = index.get(id);
    if (entry == null) {
      return Outcome.NOTHING;
    }
    try {
      PoolView view = keeper.requireServing();
      List<Integer> missing = missing(entry, view);
      List<Integer> leaving = leaving(entry, view);
      int wanted = missing.size() + leaving.size();
      if (wanted == 0) {
        return Outcome.NOTHING;
      }
      int bytes = entry.shape().fileBytes();
      List<Drive> free = free(entry, view);
      boolean tight = isTight(view);
      if (free.size() < wanted) {
        return tight ? noRoom() : rewrite(entry, view);
      }
      if (tight) {
        // What a new drive has room for was the old one's; the rest is kept for what must go on.
        free = free.stream().filter(drive -> isFilling(drive, view)).toList();
      }
      List<Drive> targets = Placement.choose(room.candidates(free, Set.of()), id, wanted, bytes);
      if (targets.size() < wanted) {
        return noRoom();
      }
      return give(entry, missing, leaving, targets);
    } catch (DvxException e) {
      return outcomeOf(entry, e);
    }
  }

  private static boolean isFilling(Drive drive, PoolView view) {
    return view.membership().members().get(drive.index()).filling();
  }

  /** Whether only the reserve for checkpoints and deletes is left. */
  private boolean isTight(PoolView view) {
    PoolStatus.Capacity capacity =
        room.capacity(view.usable(), view.placeable(), view.membership().size());
    return capacity.freeBytes() - capacity.reserveBytes() < SLACK;
  }

  /** Moves a container's shard from one drive to another that has none of it. */
  Outcome move(ContainerEntry entry, int shard, Drive target) {
    try {
      keeper.requireServing();
      byte[] bytes = reader.shard(entry, shard, DriveIo.Lane.BACKGROUND);
      long moved = 2L * bytes.length;
      return place(entry, shard, target, bytes)
          ? new Outcome(Result.DONE, moved, "")
          : new Outcome(Result.FAILED, moved, "it changed meanwhile");
    } catch (DvxException e) {
      return outcomeOf(entry, e);
    }
  }

  private static Outcome outcomeOf(ContainerEntry entry, DvxException error) {
    if (error.kind() == Kind.NO_SPACE) {
      return noRoom();
    }
    if (error.kind() == Kind.NOT_FOUND) {
      return Outcome.NOTHING;
    }
    LOG.warn("Container {} cannot be mended: {}", entry.id(), error.getMessage());
    return Outcome.failed(error.report().what());
  }

  private static Outcome noRoom() {
    return new Outcome(Result.NO_ROOM, 0, "the drives have no room for more shards");
  }

  /** Drives that may take a shard of the container: they have none. */
  static List<Drive> free(ContainerEntry entry, PoolView view) {
    return view.placeable().stream()
        .filter(
            drive -> DriveSet.shardOn(entry.drives(), entry.shape().shards(), drive.index()) < 0)
        .toList();
  }

  private Outcome give(
      ContainerEntry entry, List<Integer> missing, List<Integer> leaving, List<Drive> targets) {
    int length = entry.shape().shardLength();
    long bytes = 0;
    int next = 0;
    boolean all = true;
    if (!missing.isEmpty()) {
      List<byte[]> rebuilt = reader.rebuild(entry, missing, 0, length, DriveIo.Lane.BACKGROUND);
      bytes += (long) length * entry.shape().dataShards();
      for (int i = 0; i < missing.size(); i++) {
        all &= place(entry, missing.get(i), targets.get(next++), rebuilt.get(i));
        bytes += length;
      }
    }
    for (int shard : leaving) {
      byte[] copy = reader.shard(entry, shard, DriveIo.Lane.BACKGROUND);
      all &= place(entry, shard, targets.get(next++), copy);
      bytes += 2L * length;
    }
    return new Outcome(all ? Result.DONE : Result.FAILED, bytes, all ? "" : "it changed meanwhile");
  }

  /**
   * Puts a shard on a drive, and removes it from where it was, if that is in use.
   *
   * @return false when the container or the drives changed meanwhile, and nothing was done
   */
  private boolean place(ContainerEntry entry, int shard, Drive target, byte[] bytes) {
    ShardName name = entry.name(shard);
    int fileBytes = entry.shape().fileBytes();
    target.shardBytes().addAndGet(fileBytes);
    boolean placed = false;
    try {
      target
          .io()
          .call(
              DriveIo.Lane.BACKGROUND,
              ticket -> {
                ShardFiles.writeRepaired(ticket, target, pool, name, bytes);
                return null;
              });
      gate.lock();
      try {
        synchronized (stripes.of(entry.id())) {
          placed = publish(entry, shard, target, name);
        }
      } finally {
        gate.unlock();
      }
      return placed;
    } catch (IOException e) {
      throw failed(target, name, e);
    } finally {
      if (!placed) {
        target.shardBytes().addAndGet(-fileBytes);
      }
    }
  }

  /**
   * The caller holds changes up meanwhile, so this is not for the lane where the shards of other
   * containers are waited for.
   */
  private boolean publish(ContainerEntry entry, int shard, Drive target, ShardName name)
      throws IOException {
    keeper.requireServing();
    ContainerEntry now = index.get(entry.id());
    boolean wanted = now != null && isWanted(entry, now, shard, target);
    target
        .io()
        .call(
            DriveIo.Lane.WRITE,
            ticket -> {
              ticket.check();
              if (wanted) {
                target.checkPresent();
                ShardFiles.publishRepaired(target, name);
              } else {
                ShardFiles.removeRepaired(target, name);
              }
              return null;
            });
    if (!wanted || now == null || !index.setDrive(now, shard, target.index())) {
      return false;
    }
    target.shards().incrementAndGet();
    cache.forget(name);
    Drive source = keeper.view().drive(now.drive(shard));
    if (source != null) {
      removeFrom(source, now, shard);
    }
    return true;
  }

  /** Whether the container still wants the shard there; the caller holds its monitor. */
  private boolean isWanted(ContainerEntry then, ContainerEntry now, int shard, Drive target) {
    PoolView view = keeper.view();
    boolean same = now.attempt() == then.attempt() && now.shape().equals(then.shape());
    boolean asItWas = now.drive(shard) == then.drive(shard) || view.drive(now.drive(shard)) == null;
    return same
        && asItWas
        && (view.isFilled(target.index()) || mayWeaken(now, shard, view))
        && view.uses(target)
        && !removals.hasLeftBehind(now)
        && DriveSet.shardOn(now.drives(), now.shape().shards(), target.index()) < 0;
  }

  /** Whether the container can do without a shard on a filled drive, if it is on one. */
  private static boolean mayWeaken(ContainerEntry entry, int shard, PoolView view) {
    int spare = entry.spare(view);
    return !view.isFilled(entry.drive(shard)) || spare > view.leastSpare();
  }

  private void removeFrom(Drive source, ContainerEntry entry, int shard) {
    try {
      source
          .io()
          .call(
              DriveIo.Lane.WRITE,
              _ -> {
                source.checkPresent();
                ShardFiles.remove(source, entry.name(shard));
                return null;
              });
      source.shards().decrementAndGet();
      source.shardBytes().addAndGet(-entry.shape().fileBytes());
    } catch (IOException e) {
      removals.leaveBehind(entry, shard, source);
      if (!IoErrors.isNoSpace(e)) {
        keeper.shutOut(source, "a shard was not removed: " + IoErrors.brief(e));
      }
    }
  }

  private DvxException failed(Drive target, ShardName name, IOException error) {
    if (IoErrors.isNoSpace(error)) {
      discard(target, name);
      return DvxException.of(Kind.NO_SPACE, "A drive has no room for a shard")
          .detail("drive", target)
          .build();
    }
    keeper.shutOut(target, "a shard could not be written: " + IoErrors.brief(error));
    return DvxException.of(Kind.UNAVAILABLE, "A drive failed while a shard was written")
        .cause(IoErrors.brief(error))
        .detail("drive", target)
        .build();
  }

  private static void discard(Drive target, ShardName name) {
    try {
      target
          .io()
          .call(
              DriveIo.Lane.BACKGROUND,
              _ -> {
                ShardFiles.removeRepaired(target, name);
                return null;
              });
    } catch (IOException e) {
      LOG.warn("An unfinished shard stays on {}: {}", target, IoErrors.brief(e));
    }
  }

  /** Writes the container once more, if that makes it survive more. */
  private Outcome rewrite(ContainerEntry entry, PoolView view) {
    StripeShape shape = writer.shape(entry.shape().length());
    int spare = Math.min(shape.shards(), view.placeable().size()) - shape.dataShards();
    int spareNow =
        entry.shape().shards() - missing(entry, view).size() - entry.shape().dataShards();
    boolean empties =
        !leaving(entry, view).isEmpty() && spare >= Math.min(spareNow, shape.parityShards());
    if (spare <= spareNow && !empties) {
      return Outcome.NOTHING;
    }
    int length = entry.shape().length();
    byte[] content = new byte[length];
    reader.read(entry, 0, length, content, 0, DriveIo.Lane.BACKGROUND);
    writer.rewrite(
        entry.id(),
        content,
        length,
        publish -> {
          gate.lock();
          try {
            synchronized (stripes.of(entry.id())) {
              return replace(entry, publish);
            }
          } finally {
            gate.unlock();
          }
        });
    return new Outcome(Result.DONE, length + (long) shape.fileBytes() * shape.shards(), "");
  }

  /** Puts a second writing of a container in the place of the first; its monitor is held. */
  private ContainerEntry replace(ContainerEntry then, Supplier<ContainerEntry> publish) {
    ContainerEntry now = index.get(then.id());
    if (now == null || now.attempt() != then.attempt()) {
      throw DvxException.of(Kind.NOT_FOUND, "The container is gone, or was replaced").build();
    }
    ContainerEntry fresh = publish.get();
    index.put(fresh);
    try {
      removals.removeOld(now);
    } catch (DvxException e) {
      LOG.warn("Old shards of container {} stay for now: {}", now.id(), e.getMessage());
    }
    return fresh;
  }
}
