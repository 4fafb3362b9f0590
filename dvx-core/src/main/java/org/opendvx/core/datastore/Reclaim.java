package org.opendvx.core.datastore;

import java.time.Duration;
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

  /** The number of the last checkpoint that is complete. */
  public long checkpointNumber() {
    return engine.checkpointer().root().checkpoint();
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

  /**
   * Does something on this thread during which no cleaner takes away what the last checkpoint
   * reaches when it begins. A round of the cleaner waits for it, and fails after its limit.
   */
  public <T> T whileNothingIsTakenAway(Supplier<T> work) {
    return engine.attempts().inside(work);
  }
}
