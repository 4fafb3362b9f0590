package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.RecordStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A pool on the drives of this process. */
public final class LocalPool implements Pool {
  private static final Logger LOG = LoggerFactory.getLogger(LocalPool.class);
  private static final String FENCES = LocalRecordStore.INTERNAL + "fence/";

  /** Bytes of a batch that {@link #peek} shows. */
  public static final int BATCH_HEAD = 32;

  private static final long CLOSE_SECONDS = 10;

  /** A drive that is much slower than the others for so long is reported, then suspected. */
  private static final Duration SLOW_REPORTED = Duration.ofSeconds(10);

  private static final Duration SLOW_SUSPECTED = Duration.ofMinutes(1);

  private final PoolOpener.Opening opening;
  private final MembershipKeeper keeper;
  private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
  private final Fences fences = new Fences();
  private final Room room;
  private final Ballast ballast;
  private final LocalRecordStore records;
  private final GivenUp givenUp;
  private final LocalContainerStore containers;
  private final Journals journals;
  private final DriveWatch watch;
  private final CareLoop care;
  private final List<Runnable> checkpointWanted = new CopyOnWriteArrayList<>();
  private final ExecutorService background = single("dvx-pool-repair");
  private final ExecutorService welcome = single("dvx-pool-return");
  private final ScheduledExecutorService probe =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("dvx-pool-probe").factory());
  private volatile long generation;
  private volatile @Nullable Future<?> probing;

  private LocalPool(LocalPoolConfig config, PoolOpener.Opening opening, StripeCoder coder) {
    this.opening = opening;
    this.keeper =
        new MembershipKeeper(
            opening.pool(), opening.created(), opening.base(), opening.term(), this::changed);
    this.room = new Room(config.driveCapacity(), config.care().ballast());
    this.ballast = new Ballast(keeper, room, config.care());
    this.records = new LocalRecordStore(keeper, fences, gate.readLock(), ballast);
    this.givenUp = new GivenUp(records);
    this.containers =
        new LocalContainerStore(
            opening.pool(),
            keeper,
            fences,
            gate.readLock(),
            givenUp,
            ballast,
            room,
            config,
            coder,
            background);
    this.journals = new Journals(opening.pool(), config, keeper, records, fences, room, ballast);
    keeper.shutOutNoneBut(journals::kept);
    DriveRoots roots = new DriveRoots(config.roots());
    SlowDrives slow = new SlowDrives(SLOW_REPORTED, SLOW_SUSPECTED, System::nanoTime);
    this.watch =
        new DriveWatch(
            opening.pool(),
            config,
            roots,
            slow,
            keeper,
            records,
            containers,
            journals,
            room,
            gate.writeLock());
    DriveChanges changes =
        new DriveChanges(
            opening.pool(), opening.created(), config, roots, keeper, containers, journals, watch);
    this.care =
        new CareLoop(opening, config, keeper, records, containers, room, ballast, slow, changes);
  }

  /**
   * Makes a new pool in empty folders, which are created if need be. Does not open it.
   *
   * @throws DvxException EXISTS when any of the folders holds a drive already
   */
  public static UUID create(LocalPoolConfig config) {
    return PoolFormatter.format(config);
  }

  /**
   * Reads records of a pool that is not open, and changes nothing: for what must be known before
   * anything may be changed, such as whether the key is the right one. Its drives are locked
   * meanwhile.
   *
   * @param batchHeads is given the first {@link #BATCH_HEAD} bytes of the first batch of every
   *     journal file, for whoever can tell by them that a newer program wrote it
   * @return the newest good copies that drives have; keys that there are none of are left out
   * @throws DvxException as {@link #open}, or what the consumer throws
   */
  public static Map<String, byte[]> peek(
      LocalPoolConfig config, Collection<String> keys, Consumer<byte[]> batchHeads) {
    return new PoolOpener(config).peek(keys, batchHeads);
  }

  /**
   * Opens a pool.
   *
   * @throws DvxException NOT_FOUND when there is none, CONFLICT when another process has it open,
   *     UNAVAILABLE when too few drives are there, UNSUPPORTED when its format is newer; nothing
   *     has been changed then
   */
  public static LocalPool open(LocalPoolConfig config) {
    return open(config, StripeCoder.HERE);
  }

  /** As {@link #open(LocalPoolConfig)}, with somebody else to do the arithmetic of parity. */
  public static LocalPool open(LocalPoolConfig config, StripeCoder coder) {
    PoolOpener.Opening opening = new PoolOpener(config).open();
    LocalPool pool = new LocalPool(config, opening, coder);
    boolean done = false;
    try {
      pool.start(config);
      done = true;
      return pool;
    } finally {
      if (!done) {
        pool.close();
        opening.all().forEach(Drive::close);
      }
    }
  }

  private void start(LocalPoolConfig config) {
    List<Drive> believed = new ArrayList<>(opening.believed());
    keeper.attach(believed);
    for (var failed : records.load(believed)) {
      keeper.setAside(failed.drive(), IoErrors.brief(failed.failureOrBug()));
    }
    journals.load();
    journals.strengthen();
    List<Drive> stale = new ArrayList<>(opening.stale());
    givenUp.load();
    Map<Drive, DriveRejoin> prepared = prepare(stale);
    stale.removeAll(prepared.keySet());
    keeper.open(prepared.keySet(), opening.absent());
    records.settleAll();
    for (String key : records.keysInternal(FENCES)) {
      byte[] value = records.peek(key);
      fences.load(key.substring(FENCES.length()), ByteBuffer.wrap(value).getLong());
    }
    believed.retainAll(keeper.view().usable());
    boolean complete = believed.size() == keeper.view().membership().size();
    for (var failed : containers.load(believed, complete)) {
      keeper.shutOut(failed.drive(), IoErrors.brief(failed.failureOrBug()));
    }
    // What a drive that could not be listed has is not known: then nothing may be removed.
    keeper.requireServing();
    prepared.forEach(this::rejoin);
    ballast.count(keeper.view().usable());
    room.measure(keeper.view().usable());
    keeper.requireServing();
    watch.welcome(stale);
    long interval = config.probeInterval().toNanos();
    care.start();
    probing = probe.scheduleWithFixedDelay(this::look, interval, interval, TimeUnit.NANOSECONDS);
    LOG.info("Opened pool {}: {}", opening.pool(), status().summary());
  }

  /** Where drives have changed places, those that are back are needed to open at all. */
  private Map<Drive, DriveRejoin> prepare(List<Drive> stale) {
    Map<Drive, DriveRejoin> prepared = new LinkedHashMap<>();
    int usable = keeper.view().filled();
    for (Drive drive : stale) {
      if (usable + prepared.size() >= Quorum.leastActive(opening.base().size())) {
        break;
      }
      try {
        Readmission readmission = new Readmission(drive, records);
        readmission.prepare();
        DriveRejoin rejoin = containers.rejoin(drive, readmission.shards(), opening.base());
        rejoin.removeUnknown(keeper.view().usable());
        prepared.put(drive, rejoin);
      } catch (IOException e) {
        LOG.warn("{} cannot be taken back: {}", drive, IoErrors.brief(e));
      }
    }
    return prepared;
  }

  private void rejoin(Drive drive, DriveRejoin rejoin) {
    try {
      rejoin.complete();
      rejoin.join();
    } catch (IOException e) {
      keeper.shutOut(drive, IoErrors.brief(e));
    }
  }

  private void look() {
    try {
      watch.check();
      PoolView view = keeper.view();
      if (!view.complete()) {
        welcome.execute(this::welcome);
      }
    } catch (RejectedExecutionException _) {
      LOG.debug("The pool is being closed");
    } catch (RuntimeException e) {
      LOG.error("Looking after the drives failed", e);
    }
  }

  private void welcome() {
    try {
      watch.welcome();
    } catch (RuntimeException e) {
      LOG.error("Taking up drives failed", e);
    }
  }

  /** Called with changes of the membership locked out: hands everything to other threads. */
  private void changed() {
    PoolView view = keeper.view();
    boolean fewer = !view.reasons().isEmpty();
    boolean other = view.membership().generation() != generation;
    generation = view.membership().generation();
    try {
      background.execute(
          () -> {
            containers.viewChanged(keeper.view());
            if (!keeper.view().failed()) {
              journals.lookAfter();
              containers.tidy();
            }
          });
    } catch (RejectedExecutionException _) {
      LOG.debug("The pool is being closed");
    }
    if (fewer && other && !view.failed()) {
      for (Runnable callback : checkpointWanted) {
        Thread.ofVirtual().name("dvx-checkpoint-wanted").start(callback);
      }
    }
  }

  @Override
  public UUID id() {
    return opening.pool();
  }

  @Override
  public ContainerStore containers() {
    return containers;
  }

  /**
   * Writes a container whose parity is there already; otherwise as {@link ContainerStore#put}.
   *
   * @throws OtherShapeException when new containers have another shape now; nothing was written
   */
  public void put(Epoch epoch, long containerId, CodedContainer coded) {
    containers.put(epoch, containerId, coded);
  }

  /** Data shards of a new container now. */
  public int dataShards() {
    return containers.shapeNow().dataShards();
  }

  /** Parity shards of a new container now. */
  public int parityShards() {
    return containers.shapeNow().parityShards();
  }

  /**
   * Writes a record as {@link RecordStore#put} does, but once only: a repeated call with the same
   * tag finds that it was carried out.
   *
   * @param tag not zero, drawn at random for this change
   */
  public long putOnce(Epoch epoch, String key, long expectedVersion, byte[] value, long tag) {
    return records.put(epoch, key, expectedVersion, value, tag);
  }

  @Override
  public JournalStore journal(String host) {
    return journals.hold(host);
  }

  @Override
  public RecordStore records() {
    return records;
  }

  /** What is done for the drives, and what may be. */
  public DriveCare care() {
    return care;
  }

  @Override
  public PoolStatus status() {
    return StatusReport.of(keeper.view(), containers, journals.leastCopies(), room);
  }

  @Override
  public void onCheckpointWanted(Runnable callback) {
    checkpointWanted.add(callback);
  }

  @Override
  public long fence(String host, long epoch) {
    return fences.raise(
        host,
        epoch,
        value ->
            records.putInternal(
                FENCES + host, ByteBuffer.allocate(Long.BYTES).putLong(value).array()));
  }

  @Override
  public void close() {
    Future<?> looking = probing;
    if (looking != null) {
      looking.cancel(false);
    }
    probe.shutdown();
    welcome.shutdown();
    care.close();
    background.shutdown();
    journals.close();
    for (ExecutorService executor : List.of(probe, welcome, background)) {
      try {
        if (!executor.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
          LOG.warn("Work of the pool did not end in time");
        }
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
    containers.close();
    keeper.close();
  }

  private static ExecutorService single(String name) {
    return Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name(name).factory());
  }
}
