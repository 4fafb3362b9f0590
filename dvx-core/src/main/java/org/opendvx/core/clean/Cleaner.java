package org.opendvx.core.clean;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.opendvx.core.clean.Choice.Chosen;
import org.opendvx.core.clean.CleaningRound.Result;
import org.opendvx.core.clean.CleaningRound.Step;
import org.opendvx.core.datastore.Reclaim;
import org.opendvx.core.datastore.SpaceMaker;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.PlaceRegister;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cleans a pool in the background: {@link #start} once, {@link #close} before the datastore.
 * Without a start, {@link #round} runs one round on the caller's thread. Thread-safe.
 */
public final class Cleaner implements SpaceMaker, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Cleaner.class);

  /** Rounds that may look at what is young only, before one looks at everything again. */
  private static final int YOUNG_ROUNDS = 7;

  /** Part of the time that walks may take. */
  private static final int WALK_PART = 20;

  /** Part of the pool's room that is free when cleaning begins to hurry. */
  private static final int TIGHT_PART = 33;

  /** Garbage to be given back for which the next walk need not wait. */
  private static final long WORTH_A_WALK = 256L << 20;

  private static final long ENOUGH = 32L << 20;
  private static final int ENOUGH_PART = 32;
  private static final double TIGHT_SHARE = 0.03;
  private static final double EAGER_SHARE = 0.15;

  /** Rounds of a sweep at the most. */
  private static final int MOST_SWEPT = 1000;

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(30);
  private static final Duration AFTER_FAILURE = Duration.ofSeconds(5);

  /** Between two rounds while all is sealed anew: each has enough to do. */
  private static final Duration RESEAL_PAUSE = Duration.ofSeconds(5);

  private final Reclaim store;
  private final Referrers referrers;
  private final CleanerSettings settings;
  private final Throttle throttle;
  private final Choice choice;
  private final Resealing resealing;
  private final Consumer<Step> steps;
  private final SetAside stuck = new SetAside();
  private final CleanerCounters counters = new CleanerCounters();
  private final Waiters waiters;
  private final Thread thread = Thread.ofPlatform().daemon().name("cleaner").unstarted(this::run);

  /** One round at a time; guards what follows. */
  private final ReentrantLock one = new ReentrantLock();

  private volatile Chosen chosen = Chosen.NONE;
  private boolean looked;
  private int young;
  private volatile boolean lookedAtAll;
  private long lookedAtChanges = -1;
  private long fullCensusAt;
  private int turn;
  private int barrenTurns;
  private volatile boolean nothingLeft;
  private volatile int turns = 1;
  private volatile long lookedAtCheckpoint = -1;
  private volatile long walkEndedAt = System.nanoTime();
  private long walkBegan;
  private volatile long walkNanos;
  private volatile boolean closing;

  /** Somebody asked for all that can be had. */
  private volatile boolean eager;

  /** A cleaner of a pool of one host, not started yet. */
  public Cleaner(Reclaim store, CleanerSettings settings) {
    this(store, new OneRoot(store), settings, _ -> {});
  }

  /**
   * A cleaner that is not started yet.
   *
   * @param store what it reads and changes the pool with
   * @param referrers all roots of the pool, that of the store among them
   */
  public Cleaner(Reclaim store, Referrers referrers, CleanerSettings settings) {
    this(store, referrers, settings, _ -> {});
  }

  Cleaner(Reclaim store, Referrers referrers, CleanerSettings settings, Consumer<Step> steps) {
    this.store = store;
    this.referrers = referrers;
    this.settings = settings;
    this.steps = steps;
    this.throttle = new Throttle(settings, this::urgent, () -> closing, store::operations);
    this.resealing = new Resealing(store, referrers, settings.drainLimit());
    this.choice = new Choice(store.pool().containers(), store.places(), store.repacker());
    this.waiters = new Waiters(store::freeBytes, referrers::changes, () -> chosen.garbage());
  }

  /** Starts to clean in the background, and to help out when the pool is full. */
  public void start() {
    counters.started();
    thread.start();
    store.spaceMaker(this);
  }

  /** What it did and knows. */
  public CleanerStatus status() {
    Chosen now = chosen;
    return counters.status(
        lookedAtCheckpoint < 0 ? -1 : now.garbage(),
        now.live(),
        store.places().condemnedNow().size(),
        stuck.size(),
        store.places().moved(),
        waiters.count(),
        stuck.listed());
  }

  /**
   * Gives back all that is worth it, round after round, on the caller's thread.
   *
   * @param told of each round
   * @throws DvxException when a round could not be finished; UNAVAILABLE when the cleaner is closed
   */
  public void sweep(Consumer<RoundReport> told) {
    eager = true;
    try {
      int rounds = 0;
      do {
        told.accept(round());
      } while (!nothingLeft && ++rounds < MOST_SWEPT);
    } catch (Throttle.StoppedException _) {
      throw stopped();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw stopped();
    } finally {
      eager = false;
    }
  }

  private static DvxException stopped() {
    return DvxException.of(Kind.UNAVAILABLE, "Cleaning was broken off")
        .cause("The node stops")
        .remedy("Nothing: what was begun is taken up at the next start")
        .build();
  }

  /** How far sealing anew has come. */
  public ResealStatus resealing() {
    return resealing.status();
  }

  /**
   * Makes a new data key, and begins to seal everything anew under it soon.
   *
   * @return its id
   * @throws DvxException as {@link org.opendvx.core.datastore.DataKeys#renew}
   */
  public int renewDataKey() {
    int id = resealing.renew();
    waiters.wanted();
    return id;
  }

  /** Asks for a round soon. */
  public void wanted() {
    waiters.wanted();
  }

  @Override
  public SpaceMaker.Outcome makeRoom(long bytes, long limitNanos) throws InterruptedException {
    return waiters.await(bytes, limitNanos);
  }

  /** Whether space is short: then nothing is spared. */
  private boolean urgent() {
    return waiters.any() || store.freeBytes() < store.usableBytes() / TIGHT_PART;
  }

  private Duration resealPause() {
    Duration least = settings.leastPause();
    return least.compareTo(RESEAL_PAUSE) < 0 ? least : RESEAL_PAUSE;
  }

  private void run() {
    while (true) {
      try {
        if (!waiters.awaitWork(this::due, settings.interval())) {
          return;
        }
        if (!oneRound()) {
          waiters.pause(AFTER_FAILURE);
        }
      } catch (InterruptedException _) {
        // Nobody who may end this thread does it that way.
        LOG.warn("The cleaner was interrupted and goes on");
      }
    }
  }

  /** Runs a round in the background; whether it came to its end. */
  private boolean oneRound() throws InterruptedException {
    long number = waiters.begin();
    try {
      RoundReport _ = round();
      waiters.ended(number, nothingLeft, turns);
      return true;
    } catch (Throttle.StoppedException _) {
      if (!closing) {
        boolean _ = Thread.interrupted();
        throw new InterruptedException();
      }
      return true;
    } catch (DvxException e) {
      LOG.warn("Cleaning failed and will be tried again. {}", e.render());
      waiters.failed(number, e.kind() == Kind.UNSUPPORTED);
    } catch (RuntimeException e) {
      LOG.error("Cleaning failed unexpectedly and will be tried again", e);
      waiters.failed(number, false);
    }
    // What failed may have left it behind, and pauses would not be any.
    boolean _ = Thread.interrupted();
    return false;
  }

  private boolean due() {
    boolean started =
        !chosen.victims().isEmpty()
            || resealing.pending()
            || store.places().condemnedNow().stream().anyMatch(place -> !stuck.contains(place));
    boolean urgent = urgent();
    if (started && (urgent || chosen.victimGarbage() >= WORTH_A_WALK)) {
      return true;
    }
    if (!started && unchanged() && lookedAtAll) {
      return false;
    }
    long since = System.nanoTime() - walkEndedAt;
    Duration usual = resealing.active() ? resealPause() : settings.leastPause();
    long pause = urgent ? 0 : usual.toNanos();
    return since >= Math.max(pause, WALK_PART * walkNanos);
  }

  /**
   * Runs one round: cleans what the one before chose, and chooses for the next. Blocks, for long
   * when there is much to do.
   *
   * @throws DvxException when it could not be finished; nothing is wrong then, another may be run
   */
  public RoundReport round() throws InterruptedException {
    one.lockInterruptibly();
    try {
      counters.begun();
      return cleaned();
    } catch (DvxException e) {
      counters.failed(e);
      throw e;
    } catch (Throttle.StoppedException e) {
      throw e;
    } catch (RuntimeException e) {
      counters.failed(e);
      throw e;
    } finally {
      counters.over();
      one.unlock();
    }
  }

  private RoundReport cleaned() throws InterruptedException {
    PlaceRegister places = store.places();
    CleaningRound round =
        new CleaningRound(
            store, referrers, settings, throttle, stuck, this::made, waiters::progressed);
    TreeSet<Long> victims = new TreeSet<>(round.takeUp());
    chosen.victims().forEach(victim -> victims.add(victim.place()));
    chosen = new Chosen(List.of(), chosen.garbage(), chosen.live());
    resealing.begin();
    long skip = skipBirth(victims);
    // Until this round has come to its end: what was chosen is forgotten if it does not.
    lookedAtAll = false;
    lookedAtChanges = referrers.changes();
    long complete = referrers.checkpoints();
    if (referrers.oneSequence()) {
      places.noteAge(store.markId(), complete);
    }
    long[] ids = ids();
    int groups = groups(ids.length);
    int group = turn++ % groups;
    long start = System.nanoTime();
    Result result = round.run(victims, place -> groupOf(place, groups) == group, skip);
    lookedAtCheckpoint = result.checkpoint();
    remember(skip, complete);
    Set<Long> without = stuck.now();
    without.addAll(places.condemnedNow());
    Chosen before = chosen;
    Chosen found = choice.choose(result.census(), ids, without, leastShare(), enough(), settings);
    chosen = skip == 0 ? found : found.beside(before, Math.max(0, result.freed()));
    resealing.ended();
    boolean barren = chosen.victims().isEmpty();
    if (!eager && !urgent()) {
      // What is short of room, or waits for what is worth it, is not kept waiting for this.
      chosen = resealing.beside(chosen, ids, without, settings);
    }
    barrenTurns = barren && skip == 0 ? barrenTurns + 1 : 0;
    nothingLeft = barrenTurns >= groups;
    turns = groups;
    walkEndedAt = System.nanoTime();
    counters.ended(result, (walkEndedAt - start) / 1e9);
    return report(result, skip);
  }

  private RoundReport report(Result result, long skip) {
    RoundReport report =
        new RoundReport(
            result.deleted(),
            result.deletedBytes(),
            result.moved(),
            result.writtenBytes(),
            result.census().visited(),
            skip == 0,
            chosen.victims().size(),
            chosen.garbage());
    LOG.debug("Cleaned: {}", report);
    return report;
  }

  /** The walk alone decides how soon the next one may be: moving has a pace of its own. */
  private void made(Step step) {
    if (step == Step.CHECKPOINTED) {
      walkBegan = System.nanoTime();
    } else if (step == Step.MARKED) {
      walkNanos = System.nanoTime() - walkBegan;
    }
    steps.accept(step);
  }

  private void remember(long skip, long complete) {
    lookedAtAll = skip == 0;
    if (skip == 0) {
      looked = true;
      young = 0;
      fullCensusAt = complete;
    } else {
      young++;
    }
  }

  /** Whether the last round saw what there is now. */
  private boolean unchanged() {
    return referrers.checkpoints() == lookedAtCheckpoint;
  }

  /**
   * Up to which birth the walk may leave out what there is. Nothing is left out when nobody changes
   * anything any more: what was deleted last may be old.
   */
  private long skipBirth(Set<Long> victims) {
    if (!referrers.oneSequence()) {
      return 0;
    }
    boolean idle = !lookedAtAll && victims.isEmpty() && referrers.changes() == lookedAtChanges;
    if (!looked || young >= YOUNG_ROUNDS || idle || eager || waiters.any()) {
      return 0;
    }
    if (victims.isEmpty()) {
      return fullCensusAt;
    }
    long least = Long.MAX_VALUE;
    // By the containers that addresses name, which are older than where their slots are now.
    for (List<Long> inside : store.places().at(victims).values()) {
      for (long container : inside) {
        least = Math.min(least, store.places().agesOf(container));
      }
    }
    return least == Long.MAX_VALUE ? 0 : least;
  }

  private long[] ids() {
    LongStream.Builder ids = LongStream.builder();
    store.pool().containers().forEach(ids::add);
    long[] sorted = ids.build().toArray();
    Arrays.sort(sorted);
    return sorted;
  }

  private int groups(int containers) {
    long bytes = (long) containers * Census.CONTAINER_BYTES;
    long memory = Math.max(1 << 20, settings.memoryBytes());
    return (int) Math.max(1, (bytes + memory - 1) / memory);
  }

  private static int groupOf(long place, int groups) {
    return groups == 1 ? 0 : Math.floorMod(Long.hashCode(place * 0x9e3779b97f4a7c15L), groups);
  }

  /**
   * Garbage of which a round need not take more. While space is short it takes what is best and
   * looks again: what waits gets emptier, and costs less to move.
   */
  private long enough() {
    return urgent() ? Math.max(ENOUGH, store.usableBytes() / ENOUGH_PART) : Long.MAX_VALUE;
  }

  /** Share of garbage from which on a container is worth cleaning: less, the fuller the pool. */
  private double leastShare() {
    if (urgent()) {
      return TIGHT_SHARE;
    }
    if (eager) {
      return EAGER_SHARE;
    }
    double free = (double) store.freeBytes() / Math.max(1, store.usableBytes());
    return Math.min(settings.leastShare(), Math.max(0.15, 0.1 + 0.8 * free));
  }

  /** Ends the thread; a round that runs breaks off, and the next start takes it up. */
  @Override
  public void close() {
    store.spaceMaker(null);
    closing = true;
    waiters.close();
    try {
      if (thread.isAlive() && !thread.join(CLOSE_LIMIT)) {
        LOG.warn("The cleaner still works after {} s", CLOSE_LIMIT.toSeconds());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
