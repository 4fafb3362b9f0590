package org.opendvx.core.pool.local;

import java.util.Collection;
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
  private final GivenUp givenUp;
  private final Graves graves;
  private final Set<Long> beingPut = ConcurrentHashMap.newKeySet();
  private final Stripes stripes = new Stripes();
  private final ShardCache cache;
  private final Removals removals;
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
   * @param givenUp drives that are away of which nothing is wanted
   * @param ballast given up for containers when a file system is full
   * @param coder does the arithmetic of parity
   * @param background runs repairs
   */
  LocalContainerStore(
      UUID pool,
      MembershipKeeper keeper,
      Fences fences,
      Lock gate,
      GivenUp givenUp,
      Ballast ballast,
      Room room,
      LocalPoolConfig config,
      StripeCoder coder,
      Executor background) {
    this.pool = pool;
    this.keeper = keeper;
    this.fences = fences;
    this.gate = gate;
    this.cache = new ShardCache(pool, config.openShards(), config.cachedHeaders());
    this.givenUp = givenUp;
    this.graves = new Graves(keeper, ballast, leftovers.tombstones(), leftovers.tombstoneFiles());
    this.removals = new Removals(keeper, ballast, index, leftovers, cache, stripes, graves, gate);
    this.repair = new ShardRepair(pool, keeper, index, cache, stripes, coder, background);
    this.reader = new ContainerReader(keeper, new ShardReader(cache), repair, coder);
    this.writer = new ContainerWriter(pool, keeper, room, ballast, coder);
    this.mender =
        new Mender(pool, keeper, index, room, reader, writer, stripes, gate, cache, removals);
    this.redundancy = new Redundancy(-1, keeper.view(), 0, 0);
  }

  /** Learns what the drives hold; see {@link ContainerScan#run}. */
  List<DriveGroup.Outcome<ContainerScan.Found>> load(Collection<Drive> drives, boolean complete) {
    return new ContainerScan(index, leftovers).run(drives, complete);
  }

  /**
   * Begins to take up the shards of a drive that is being taken back.
   *
   * @param before the membership in which it is away
   */
  DriveRejoin rejoin(Drive drive, ContainerScan.Found found, Membership before) {
    return new DriveRejoin(pool, drive, found, keeper, index, leftovers, reader, givenUp, before);
  }

  /** Counts the shards of a drive that is found again under another object. */
  void recount(Drive drive) {
    Map<Integer, Drive> found = Map.of(drive.index(), drive);
    index.forEach(entry -> ContainerScan.count(entry, found));
    leftovers.all().forEach(entry -> ContainerScan.count(entry, found));
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
    removals.tidy(containerId);
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
    PoolView before = keeper.requireServing();
    boolean buried = givenUp.isAnyWanted(before);
    if (buried) {
      // First: what a crash leaves of it must not pass for a container that a drive could complete.
      removals.bury(containerId);
    }
    leftovers.doom(containerId);
    removals.forgetLeftovers(containerId);
    ContainerEntry entry = index.remove(containerId);
    ContainerEntry rest = entry;
    boolean done = false;
    try {
      if (entry != null) {
        Removals.Removed removed = removals.remove(entry);
        rest = removed.rest();
        removals.judge(containerId, removed.outcomes());
      }
      // After the removal: a drive may have been shut out by it.
      if (givenUp.isAnyWanted(keeper.requireServing()) && !buried) {
        removals.bury(containerId);
      }
      done = true;
    } finally {
      if (!done && rest != null) {
        // Not acknowledged: the caller may try again.
        if (rest.found() >= rest.shape().dataShards()) {
          index.put(rest);
        } else {
          removals.keepLeftover(rest);
        }
      }
    }
    leftovers.deleted(containerId);
  }

  /** What is to be removed, and what could not be. */
  Removals removals() {
    return removals;
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

  /** What was on the drive of that number is not there any more: it is another one, or none. */
  void forgetDrive(int drive) {
    index.clearDrive(drive);
    leftovers.clearDrive(drive);
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
        removals.tidy(entry.id());
      }
      graves.clear(() -> keeper.view().complete());
    } finally {
      gate.unlock();
    }
  }

  /**
   * Whether what was deleted while drives are away need not be remembered any more: everything is
   * whole without them.
   */
  boolean mayGiveUp() {
    PoolView view = keeper.view();
    return !view.failed()
        && !view.complete()
        && givenUp.isAnyWanted(view)
        && redundancy().degraded() == 0
        && !removals.lacksContainers();
  }

  /** Gives up the drives that are away. The caller keeps changes out. */
  void giveUp() {
    givenUp.giveUp(keeper.requireServing());
    graves.clear(() -> !givenUp.isAnyWanted(keeper.view()));
  }

  /** Closes files of drives that are not in use any more. */
  void viewChanged(PoolView view) {
    cache.retain(view);
  }

  void close() {
    cache.close();
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
