package org.opendvx.core.datastore;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.PlaceRegister;
import org.opendvx.core.log.Repacker;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.tree.NodeWalk;

/**
 * What a cleaner needs of a datastore: to know what is alive, and to be sure that nothing that it
 * takes away is still in anybody's hands. Thread-safe, but for one cleaner at a time.
 */
public final class Reclaim {
  private static final Duration PAUSE = Duration.ofMillis(20);

  private final Engine engine;
  private final Admission admission;
  private final String host;

  Reclaim(Engine engine, Admission admission) {
    this.engine = engine;
    this.admission = admission;
    this.host = engine.epoch().host();
  }

  /** The parts below; for tests. */
  Engine engine() {
    return engine;
  }

  /** The pool. */
  public Pool pool() {
    return engine.pool();
  }

  /** This host in this life: what the cleaner changes, it changes in its name. */
  public Epoch epoch() {
    return engine.epoch();
  }

  /** The host's stable name. */
  public String host() {
    return host;
  }

  /** The keys under which this host seals. */
  public DataKeys keys() {
    return engine.keys();
  }

  /** Where containers are and which are condemned. */
  public PlaceRegister places() {
    return engine.places();
  }

  /** Copies slots together. */
  public Repacker repacker() {
    return engine.repacker();
  }

  /** See {@link org.opendvx.core.log.ContainerLog#markId}. */
  public long markId() {
    return engine.log().markId();
  }

  /**
   * A mark as {@link #markId}, higher than the ids of all containers that any host has opened, and
   * of all whose ids it has drawn. Blocks.
   */
  public long markAboveAll() {
    engine.ids().drawAnew();
    return engine.ids().getAsLong();
  }

  /**
   * Takes up the pool's key ring as it is in the register now. What gets its place after the return
   * is sealed under its current key. Blocks.
   *
   * @param newContainers whether all that is written later is to go to containers whose ids are
   *     drawn after the call
   */
  public KnownKeys followKeys(boolean newContainers) {
    engine.keys().follow();
    if (newContainers) {
      engine.ids().drawAnew();
      engine.log().closeOpen();
    }
    return new KnownKeys(
        engine.keys().currentId(), engine.keys().newestId(), engine.log().lowestOpen());
  }

  /**
   * What an engine knows of the ring.
   *
   * @param current id of the data key under which it seals
   * @param newest id of the newest data key that it can open
   * @param lowestOpen the lowest id of a container that is open here or on its way to the pool
   */
  public record KnownKeys(int current, int newest, long lowestOpen) {}

  /** The number of the last checkpoint that is complete. */
  public long checkpointNumber() {
    return engine.checkpointer().root().checkpoint();
  }

  /** The last journal record that is in it. */
  public long checkpointLsn() {
    return engine.checkpointer().root().lsn();
  }

  /** Bytes of chunks that were taken since the pool was made. */
  public long bytesWritten() {
    return engine.checkpointer().totals().logical();
  }

  /** Bytes of new slots that were sealed since the pool was made. */
  public long bytesStored() {
    return engine.checkpointer().totals().stored();
  }

  /** Bytes that writes may still take before they are refused; negative when there are none. */
  public long freeBytes() {
    return admission.freeNow();
  }

  /** Bytes that the pool holds in all. */
  public long usableBytes() {
    return admission.totalBytes();
  }

  /** How full the journal is, 0 to 1. */
  public double journalUsage() {
    return engine.journal().usage();
  }

  /** Operations since the start; for telling whether the foreground is busy. */
  public long operations() {
    return engine.attempts().count();
  }

  /** A number that rises with every change of the state. */
  public long changes() {
    return engine.journal().lastLsn();
  }

  /** Tells the datastore who makes room when the pool is full; null for nobody. */
  public void spaceMaker(@Nullable SpaceMaker maker) {
    admission.spaceMaker(maker);
  }

  /**
   * Waits until no operation is under way that may have found references before the call: writes
   * that dedupe found, and reads whose addresses were looked up.
   *
   * @throws DvxException TIMEOUT when some take longer; nothing was changed
   */
  public void drain(Duration limit) throws InterruptedException {
    if (!engine.log().awaitBatches(limit) || !engine.attempts().awaitUsers(limit)) {
      throw DvxException.of(Kind.TIMEOUT, "Cleaning waits for operations that do not end")
          .cause("Some have been under way for more than " + limit.toSeconds() + " s")
          .remedy("Nothing: it is tried again")
          .build();
    }
  }

  /**
   * Takes up what a cleaner condemned, maybe in another process: when this returns, no new
   * reference to it is made here, nobody is under way who found one before, and all that comes from
   * other roots is noted from a moment before that on.
   *
   * @param round a number of the cleaner's
   * @throws DvxException as {@link #drain}
   */
  public void takeUp(long round, Duration limit) throws InterruptedException {
    engine.places().follow();
    engine.arrivals().begin(round);
    drain(limit);
  }

  /** Whether {@link #takeUp} of a round was the last one, and all that came since is known. */
  public boolean takenUp(long round) {
    return engine.arrivals().notes(round);
  }

  /** Parcels that came from other roots since a round was taken up; empty when not known. */
  public Optional<List<byte[]>> arrivals(long round) {
    return engine.arrivals().of(round);
  }

  /**
   * Learns where the cleaner has put what it moved, and waits until nobody reads by what was looked
   * up before the call.
   *
   * @throws DvxException TIMEOUT when some take longer
   */
  public void letGo(Duration limit) throws InterruptedException {
    engine.places().follow();
    drain(limit);
  }

  /**
   * Writes checkpoints until one is in place that began after the call and from which recovery
   * needs no journal record that is older than the call: no container that is in the pool now could
   * be rebuilt by it.
   *
   * @throws DvxException TIMEOUT when containers are not put for that long; nothing is lost
   */
  public void checkpoint(Duration limit) throws InterruptedException {
    long last = engine.journal().lastLsn();
    long end = System.nanoTime() + limit.toNanos();
    engine.checkpointer().checkpoint();
    while (engine.checkpointer().root().replayFrom() <= last) {
      if (System.nanoTime() - end > 0) {
        throw DvxException.of(Kind.TIMEOUT, "Cleaning waits for containers that are not put")
            .cause("The pool does not take them, so the journal is still needed")
            .remedy("Look for what ails the pool; cleaning is tried again")
            .build();
      }
      Thread.sleep(PAUSE);
      engine.checkpointer().checkpoint();
    }
  }

  /**
   * Visits all that the last checkpoint reaches. What it reached stays readable meanwhile as far as
   * no cleaner deletes containers: the cleaner itself calls this between rounds of its own, others
   * do so {@linkplain #whileNothingIsTakenAway while nothing is taken away}, or look again.
   */
  public void walk(NodeWalk.Visitor visitor) {
    engine.checkpointer().walk(visitor);
  }

  /** Visits all that a checkpoint of another root reaches; as {@link #walk(NodeWalk.Visitor)}. */
  public void walk(StoredRoots.Checkpoint other, NodeWalk.Visitor visitor) {
    engine.checkpointer().walk(other.root(), visitor);
  }

  /** Visits the content of a file that is on its way between roots. */
  public void walkParcel(byte[] parcel, NodeWalk.Visitor visitor) {
    engine.checkpointer().walkParcel(parcel, visitor);
  }

  /**
   * Does something on this thread during which no cleaner takes away what the last checkpoint
   * reaches when it begins. A round of the cleaner waits for it, and fails after its limit.
   */
  public <T> T whileNothingIsTakenAway(Supplier<T> work) {
    return engine.attempts().inside(work);
  }
}
