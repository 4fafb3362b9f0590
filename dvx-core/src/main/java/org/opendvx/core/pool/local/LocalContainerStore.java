package org.opendvx.core.pool.local;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Lock;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Epoch;

/** Containers coded over the drives. Thread-safe. */
final class LocalContainerStore implements ContainerStore {
  private static final long MAX_ID = (1L << 48) - 1;

  /** How often a read is tried anew because the container was moved meanwhile. */
  private static final int MOST_TRIES = 4;

  private final UUID pool;
  private final MembershipKeeper keeper;
  private final Fences fences;
  private final Lock gate;
  private final ContainerIndex index = new ContainerIndex();

  private final Leftovers leftovers = new Leftovers();
  private final Set<Long> beingPut = ConcurrentHashMap.newKeySet();
  private final Stripes stripes = new Stripes();
  private final ShardCache cache;
  private final ContainerReader reader;
  private final ContainerWriter writer;
  private final ShardRepair repair;
  private final Mender mender;

  private volatile Redundancy redundancy;

  /**
   * How well containers are protected.
   *
   * @param changes of the index, when this was counted
   * @param view of the drives, when this was counted
   * @param degraded containers that lack at least one shard
   * @param leastSpare fewest shards beyond what reading needs that any container has, and none has
   *     more than the pool gives to a new one
   */
  record Redundancy(long changes, PoolView view, long degraded, int leastSpare) {}

  /**
   * A store that knows no containers yet.
   *
   * @param gate held shared by every change; held exclusively while a drive is taken back
   * @param coder does the arithmetic of parity
   * @param background runs repairs
   */
  LocalContainerStore(
      UUID pool,
      MembershipKeeper keeper,
      Fences fences,
      Lock gate,
      Room room,
      LocalPoolConfig config,
      StripeCoder coder,
      Executor background) {
    this.pool = pool;
    this.keeper = keeper;
    this.fences = fences;
    this.gate = gate;
    this.cache = new ShardCache(pool, config.openShards(), config.cachedHeaders());
    this.repair = new ShardRepair(pool, keeper, index, cache, stripes, coder, background);
    this.reader = new ContainerReader(keeper, new ShardReader(cache), repair, coder);
    this.writer = new ContainerWriter(pool, keeper, room, coder);
    this.mender = new Mender(pool, keeper, index, room, reader, writer, stripes, gate, this);
    this.redundancy = new Redundancy(-1, keeper.view(), 0, 0);
  }

  /** Learns what the drives hold; see {@link ContainerScan#run}. */
  List<DriveGroup.Outcome<ContainerScan.Found>> load(Collection<Drive> drives, boolean complete) {
    return new ContainerScan(index, leftovers).run(drives, complete);
  }

  /** Begins to take up the shards of a drive that is being taken back. */
  DriveRejoin rejoin(Drive drive, ContainerScan.Found found) {
    return new DriveRejoin(pool, drive, found, keeper, index, leftovers, reader);
  }

  /** Counts the shards of a drive that is found again under another object. */
  void recount(Drive drive) {
    index.forEach(entry -> ContainerScan.count(entry, Map.of(drive.index(), drive)));
  }

  @Override
  public void put(Epoch epoch, long containerId, byte[] content, int length) {
    checkId(containerId);
    checkLength(length, content.length);
    put(epoch, containerId, () -> writer.write(containerId, content, length));
  }

  /**
   * Writes a container whose parity a host has computed; otherwise as {@link #put}.
   *
   * @throws OtherShapeException when new containers have another shape now
   */
  void put(Epoch epoch, long containerId, CodedContainer coded) {
    checkId(containerId);
    checkLength(coded.length(), coded.bytes().length - coded.contentAt());
    put(epoch, containerId, () -> writer.write(containerId, coded));
  }

  /** The shape of a new container now. */
  StripeShape shapeNow() {
    return writer.shape(MAX_LENGTH);
  }

  private void put(Epoch epoch, long containerId, Supplier<ContainerEntry> write) {
    Lock fence = fences.enter(epoch);
    try {
      gate.lock();
      try {
        if (!beingPut.add(containerId)) {
          throw exists(containerId);
        }
        try {
          putNew(containerId, write);
        } finally {
          beingPut.remove(containerId);
        }
      } finally {
        gate.unlock();
      }
    } finally {
      fence.unlock();
    }
  }

  private void putNew(long containerId, Supplier<ContainerEntry> write) {
    if (index.get(containerId) != null) {
      throw exists(containerId);
    }
    index.put(write.get());
    forgetLeftovers(containerId);
  }

  private void forgetLeftovers(long containerId) {
    ContainerEntry live = index.get(containerId);
    for (ContainerEntry leftover : leftovers.of(containerId)) {
      leftovers.remove(leftover);
      ContainerScan.removeShards(live == null ? leftover : useless(leftover, live), usable());
    }
  }

  /** A drive that went and came back may have brought a shard back into use that was left over. */
  private static ContainerEntry useless(ContainerEntry leftover, ContainerEntry live) {
    ContainerEntry useless = leftover;
    for (int shard = 0; shard < leftover.shape().shards(); shard++) {
      int drive = leftover.drive(shard);
      if (drive != DriveSet.ABSENT
          && live.sameStripe(leftover.name(shard))
          && live.drive(shard) == drive) {
        useless = useless.withDrive(shard, DriveSet.ABSENT);
      }
    }
    return useless;
  }

  @Override
  public void read(long containerId, int offset, int length, byte[] target, int targetOffset) {
    Objects.checkFromIndexSize(targetOffset, length, target.length);
    ContainerEntry entry = index.get(containerId);
    if (entry == null) {
      throw notFound(containerId);
    }
    if (offset < 0 || length < 0 || offset > entry.shape().length() - length) {
      throw DvxException.of(Kind.INVALID, "The range is outside of the container")
          .detail("container", containerId)
          .detail("offset", offset)
          .detail("length", length)
          .detail("container length", entry.shape().length())
          .build();
    }
    for (int tries = 1; ; tries++) {
      try {
        reader.read(entry, offset, length, target, targetOffset);
        return;
      } catch (DvxException e) {
        ContainerEntry now = index.get(containerId);
        if (now == null) {
          // Deleted while it was read.
          throw notFound(containerId);
        }
        if (now.equals(entry) || tries == MOST_TRIES) {
          throw e;
        }
        // Moved while it was read.
        entry = now;
      }
    }
  }

  @Override
  public OptionalInt length(long containerId) {
    ContainerEntry entry = index.get(containerId);
    return entry == null ? OptionalInt.empty() : OptionalInt.of(entry.shape().length());
  }

  @Override
  public void delete(Epoch epoch, long containerId) {
    checkId(containerId);
    Lock fence = fences.enter(epoch);
    try {
      gate.lock();
      try {
        synchronized (stripes.of(containerId)) {
          delete(containerId);
        }
      } finally {
        gate.unlock();
      }
    } finally {
      fence.unlock();
    }
  }

  private void delete(long containerId) {
    keeper.requireServing();
    forgetLeftovers(containerId);
    ContainerEntry entry = index.remove(containerId);
    boolean done = false;
    try {
      if (entry != null) {
        remove(entry);
      }
      // After the removal: a drive may have been shut out by it.
      PoolView view = keeper.requireServing();
      if (!view.complete()) {
        bury(containerId);
      }
      done = true;
    } finally {
      if (!done && entry != null) {
        // Not acknowledged: the caller may try again.
        index.put(entry);
      }
    }
  }

  /** Notes on all drives that a container is gone, since one that is away may have shards of it. */
  private void bury(long containerId) {
    leftovers.tombstones().add(containerId);
    List<DriveGroup.Outcome<Void>> outcomes =
        DriveGroup.run(
            keeper.view().usable(),
            DriveIo.Lane.WRITE,
            (drive, _) -> {
              drive.checkPresent();
              ShardFiles.bury(drive, containerId);
              return null;
            });
    judgeRemoval(containerId, outcomes);
    keeper.requireServing();
  }

  private void judgeRemoval(long containerId, List<DriveGroup.Outcome<Void>> outcomes) {
    for (DriveGroup.Outcome<Void> outcome : outcomes) {
      if (outcome.broken() && outcome.failure() != null) {
        keeper.shutOut(
            outcome.drive(), "a shard was not removed: " + IoErrors.brief(outcome.failure()));
      }
    }
    if (outcomes.stream().anyMatch(DriveGroup.Outcome::noSpace)) {
      throw DvxException.of(Kind.NO_SPACE, "A drive has no room to remove a shard")
          .cause("Some file systems need room even to delete")
          .remedy("Free room on the drives' file systems")
          .detail("container", containerId)
          .build();
    }
  }

  /** Removes what is left of a container that was written once more; now or when it is deleted. */
  void removeOld(ContainerEntry entry) {
    boolean done = false;
    try {
      remove(entry);
      done = true;
    } finally {
      if (!done) {
        leftovers.put(entry);
      }
    }
  }

  /** Forgets what is known of a shard's file, which was removed or replaced. */
  void forget(ShardName name) {
    cache.forget(name);
  }

  /** Notes that a shard is on a drive besides where the index says: it goes with the container. */
  void leaveBehind(ContainerEntry entry, int shard, Drive drive) {
    leftovers.put(
        new ContainerEntry(entry.id(), entry.attempt(), entry.shape(), DriveSet.NONE)
            .withDrive(shard, drive.index()));
  }

  /** Whether a shard of the container is somewhere besides where the index says. */
  boolean hasLeftBehind(ContainerEntry entry) {
    return leftovers.get(entry.name(0)) != null;
  }

  ContainerIndex index() {
    return index;
  }

  ShardRepair repair() {
    return repair;
  }

  Mender mender() {
    return mender;
  }

  ContainerReader reader() {
    return reader;
  }

  /** Whether there are containers that only drives which are away could complete. */
  boolean lacksContainers() {
    return !leftovers.all().isEmpty();
  }

  private void remove(ContainerEntry entry) {
    PoolView view = keeper.view();
    List<Drive> holders = new ArrayList<>();
    for (int shard = 0; shard < entry.shape().shards(); shard++) {
      cache.forget(entry.name(shard));
      Drive drive = view.drive(entry.drive(shard));
      if (drive != null) {
        holders.add(drive);
      }
    }
    List<DriveGroup.Outcome<Void>> outcomes =
        DriveGroup.run(
            holders,
            DriveIo.Lane.WRITE,
            (drive, _) -> {
              drive.checkPresent();
              int shard = DriveSet.shardOn(entry.drives(), entry.shape().shards(), drive.index());
              ShardFiles.remove(drive, entry.name(shard));
              return null;
            });
    for (DriveGroup.Outcome<Void> outcome : outcomes) {
      if (outcome.ok()) {
        outcome.drive().shards().decrementAndGet();
        outcome.drive().shardBytes().addAndGet(-entry.shape().fileBytes());
      }
    }
    judgeRemoval(entry.id(), outcomes);
  }

  @Override
  public void forEach(LongConsumer visitor) {
    for (long id : index.sortedIds()) {
      visitor.accept(id);
    }
  }

  @Override
  public long count() {
    return index.size();
  }

  /** How well the containers are protected by the drives in use. */
  Redundancy redundancy() {
    PoolView view = keeper.view();
    long changes = index.changes();
    Redundancy last = redundancy;
    if (last.changes() == changes && last.view().equals(view)) {
      return last;
    }
    long[] lacking = new long[1];
    int[] spare = {StripeShape.forDrives(1, 1, view.membership().size()).parityShards()};
    index.forEach(
        entry -> {
          int found = 0;
          for (int shard = 0; shard < entry.shape().shards(); shard++) {
            if (view.drive(entry.drive(shard)) != null) {
              found++;
            }
          }
          lacking[0] += found < entry.shape().shards() ? 1 : 0;
          spare[0] = Math.min(spare[0], found - entry.shape().dataShards());
        });
    Redundancy now = new Redundancy(changes, view, lacking[0], spare[0]);
    redundancy = now;
    return now;
  }

  /**
   * Once every member is in use, all shards are known: what is too little to read was never
   * complete, and deletions need not be remembered any more. On a background thread.
   */
  void tidy() {
    gate.lock();
    try {
      PoolView view = keeper.view();
      if (view.failed() || !view.complete()) {
        return;
      }
      for (ContainerEntry entry : leftovers.all()) {
        forgetLeftovers(entry.id());
      }
      for (long id : List.copyOf(leftovers.tombstones())) {
        DriveGroup.run(
            view.usable(),
            DriveIo.Lane.WRITE,
            (drive, _) -> {
              drive.folder().delete(Layout.tombstone(id));
              return null;
            });
        leftovers.tombstones().remove(id);
      }
    } finally {
      gate.unlock();
    }
  }

  /** Closes files of drives that are not in use any more. */
  void viewChanged(PoolView view) {
    cache.retain(view);
  }

  void close() {
    cache.close();
  }

  private Map<Integer, Drive> usable() {
    Map<Integer, Drive> usable = new HashMap<>();
    for (Drive drive : keeper.view().usable()) {
      usable.put(drive.index(), drive);
    }
    return usable;
  }

  private static void checkLength(int length, int most) {
    if (length < 1 || length > MAX_LENGTH || length > most) {
      throw DvxException.of(Kind.INVALID, "A container has 1 byte to 8 MiB")
          .detail("bytes", length)
          .build();
    }
  }

  private static void checkId(long containerId) {
    if (containerId < 1 || containerId > MAX_ID) {
      throw DvxException.of(Kind.INVALID, "Not a container id").detail("id", containerId).build();
    }
  }

  private static DvxException exists(long containerId) {
    return DvxException.of(Kind.EXISTS, "There is a container of this id, or it is being put")
        .cause("Containers are written once and their ids never used again")
        .detail("container", containerId)
        .build();
  }

  private DvxException notFound(long containerId) {
    if (!leftovers.of(containerId).isEmpty()) {
      return DvxException.of(Kind.CORRUPT, "Too few shards of a container are left to read it")
          .remedy("Bring missing drives back")
          .detail("container", containerId)
          .detail("not usable", keeper.view().reasons())
          .build();
    }
    return DvxException.of(Kind.NOT_FOUND, "There is no such container")
        .detail("container", containerId)
        .build();
  }
}
