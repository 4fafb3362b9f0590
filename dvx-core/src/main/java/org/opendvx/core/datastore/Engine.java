package org.opendvx.core.datastore;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.opendvx.core.codec.ChunkCodec;
import org.opendvx.core.codec.ChunkSealer;
import org.opendvx.core.codec.Fingerprinter;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.codec.RecordSealer;
import org.opendvx.core.datastore.RootRecord.Totals;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.journal.Journal;
import org.opendvx.core.log.ChunkLog;
import org.opendvx.core.log.ContainerIds;
import org.opendvx.core.log.ContainerLog;
import org.opendvx.core.log.PlaceRegister;
import org.opendvx.core.log.RecordedChunks;
import org.opendvx.core.log.Repacker;
import org.opendvx.core.log.SlotSource;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.tree.TreeIo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The parts below the operations, from opening to the clean stop: journal, log, state, checkpoints.
 */
final class Engine implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Engine.class);
  private static final int ROOT_MODE = 0755;

  /** Of the compression of what the cleaner moves. */
  private static final int COLD_LEVEL = 3;

  private final Pool pool;
  private final DatastoreSettings settings;
  private final Epoch epoch;
  private final JournalStore journalStore;
  private final Journal journal;
  private final ContainerLog log;
  private final PlaceRegister places;
  private final Repacker repacker;
  private final DataKeys keys;
  private final ContainerIds ids;
  private final NameHash hash;
  private final State state;
  private final Locks locks = new Locks();
  private final WallClock clock = new WallClock();
  private final Failures failures = new Failures();
  private final Attempts attempts = new Attempts(failures);
  private final Arrivals arrivals = new Arrivals();
  private final Checkpointer checkpointer;

  /** Builds all parts over a checkpoint; nothing is replayed yet. */
  private Engine(
      Pool pool,
      PoolRing shared,
      DatastoreSettings settings,
      Epoch epoch,
      JournalStore journalStore,
      RootStore roots,
      RootRecord root,
      List<SlotSource> sources) {
    this.pool = pool;
    this.settings = settings;
    this.epoch = epoch;
    this.journalStore = journalStore;
    // After the incarnation was noted, too: who announces a key elsewhere does so before it looks
    // for the hosts that are to know it. And what a former server of the root sealed can be read.
    KeyRing keys = shared.refresh(pool.records());
    RecordSealer recordSealer = new RecordSealer(keys);
    ChunkSealer sealer = new ChunkSealer(keys, ChunkCodec.lz4());
    ChunkSealer coldSealer = new ChunkSealer(keys, ChunkCodec.zstd(COLD_LEVEL));
    this.keys =
        new DataKeys(
            keys, shared, pool.records(), epoch, recordSealer, List.of(sealer, coldSealer));
    this.ids = new ContainerIds(pool.records(), epoch);
    this.journal =
        new Journal(
            journalStore, epoch, recordSealer, Math.toIntExact(epoch.number()), settings.journal());
    // After the incarnation was noted: a cleaner elsewhere sees this host, or is seen by it.
    pool.containers().forgetAll();
    this.places = PlaceRegister.load(pool.records(), epoch, pool.containers()::forget);
    this.log =
        new ContainerLog(
            pool.containers(),
            epoch,
            ids,
            new Fingerprinter(keys),
            sealer,
            places,
            sources,
            settings.log());
    this.repacker = log.repacker(coldSealer);
    this.hash = new NameHash(keys.directoryHashKey());
    ResidentNodes nodes = new ResidentNodes(log);
    TreeIo io = new TreeIo(nodes, settings.nodeCacheBytes());
    RequestOutcomes outcomes = new RequestOutcomes();
    outcomes.load(root.outcomes().read(io));
    this.state =
        new State(
            io,
            new InodeTable(io, root.inodes(), settings.recentFiles()),
            new SnapshotCatalogue(io, hash, root.snapshots(), root.snapshotNames()),
            outcomes);
    this.checkpointer =
        new Checkpointer(
            new Checkpointer.Stores(state, journal, log, nodes, io, roots, epoch),
            locks,
            settings,
            root);
  }

  /** Makes the state of an empty pool durable. */
  static Engine format(
      Pool pool, PoolRing keys, DatastoreSettings settings, String host, List<SlotSource> sources) {
    RootStore roots = new RootStore(pool.records(), host);
    checkEmpty(roots, host);
    return start(
        pool,
        keys,
        settings,
        host,
        roots,
        sources,
        () -> {
          checkEmpty(roots, host);
          return RootRecord.NONE;
        },
        engine -> {
          long last =
              engine.journal.replay(
                  1,
                  (lsn, _, _, _) -> {
                    throw Bytes.corrupt("The journal", "record " + lsn + " has no root record");
                  });
          engine.log.durable(last);
          long now = engine.clock.now();
          engine.state.apply(
              List.of(
                  new Change.InodeMake(
                      FileKey.ROOT_FILE,
                      InodeImage.fresh(FileType.DIRECTORY, ROOT_MODE, 0, 0, 0, now))));
          engine.log.recovered();
          engine.checkpointer.checkpoint();
        });
  }

  private static void checkEmpty(RootStore roots, String host) {
    if (roots.read().isPresent()) {
      throw DvxException.of(Kind.EXISTS, "The pool holds a datastore already")
          .remedy("Open it; or use other drives")
          .detail("host", host)
          .build();
    }
  }

  /** Recovers the state of a pool. */
  static Engine open(
      Pool pool, PoolRing keys, DatastoreSettings settings, String host, List<SlotSource> sources) {
    RootStore roots = new RootStore(pool.records(), host);
    // Before anything is changed: an earlier life is not fenced for a pool that cannot be opened.
    RootRecord _ = root(roots, host);
    KeyRing _ = keys.refresh(pool.records());
    return start(
        pool, keys, settings, host, roots, sources, () -> root(roots, host), Engine::recover);
  }

  private static RootRecord root(RootStore roots, String host) {
    return roots
        .read()
        .orElseThrow(
            () ->
                DvxException.of(Kind.NOT_FOUND, "The pool holds no datastore of this host")
                    .cause("There is no root record")
                    .remedy("Format the pool if it is new; else check the host's name")
                    .detail("host", host)
                    .build());
  }

  /** What remains to be done with an engine that was built. */
  private interface Opening {
    void run(Engine engine);
  }

  private static Engine start(
      Pool pool,
      PoolRing keys,
      DatastoreSettings settings,
      String host,
      RootStore roots,
      List<SlotSource> sources,
      Supplier<RootRecord> rootInForce,
      Opening opening) {
    // Durable before anything is sealed: half of the journal's nonces.
    Epoch epoch = Incarnation.next(pool, host);
    // Only now: up to the fence an earlier life may have written a checkpoint and trimmed.
    RootRecord root = rootInForce.get();
    JournalStore store = pool.journal(host);
    Engine engine = null;
    boolean done = false;
    try {
      engine = new Engine(pool, keys, settings, epoch, store, roots, root, sources);
      opening.run(engine);
      engine.journal.onDurableAdvance(engine.log::durable);
      engine.checkpointer.start();
      // The pool outlives the engine, and must not keep it in memory.
      WeakReference<Checkpointer> checkpointer = new WeakReference<>(engine.checkpointer);
      pool.onCheckpointWanted(
          () -> {
            Checkpointer there = checkpointer.get();
            if (there != null) {
              there.wanted();
            }
          });
      done = true;
      return engine;
    } finally {
      if (!done) {
        if (engine != null) {
          engine.release();
        } else {
          store.close();
        }
      }
    }
  }

  private void recover() {
    RootRecord root = checkpointer.root();
    long start = System.nanoTime();
    long[] replayed = new long[1];
    long last =
        journal.replay(
            root.replayFrom(),
            (lsn, kind, secret, tail) -> {
              if (kind != Transactions.RECORD_KIND) {
                throw Bytes.newer("A journal record", kind);
              }
              RecordedChunks chunks = RecordedChunks.of(tail);
              if (tail.hasRemaining()) {
                log.replay(lsn, tail);
              }
              if (lsn > root.lsn()) {
                List<Change> changes = ChangeCodec.decode(secret);
                state.apply(changes);
                checkpointer.replayed(counted(changes, chunks));
                replayed[0]++;
              }
            });
    if (last < root.lsn()) {
      throw DvxException.of(Kind.CORRUPT, "The journal has lost records")
          .cause("It ends before the last checkpoint")
          .remedy("Keep the drives as they are and look for a drive that is missing")
          .detail("last record", last)
          .detail("checkpoint at record", root.lsn())
          .build();
    }
    log.recovered();
    log.durable(last);
    if (!state.snapshots().indexed()) {
      checkpointer.wanted();
    }
    if (replayed[0] > 0) {
      checkpointer.wanted();
      LOG.info(
          "Replayed {} journal records after the last checkpoint in {} ms",
          replayed[0],
          (System.nanoTime() - start) / 1_000_000);
    }
  }

  /** What a record adds to the totals, as it was counted when it was written. */
  private static Totals counted(List<Change> changes, RecordedChunks chunks) {
    long written = 0;
    for (Change change : changes) {
      if (change instanceof Change.BlocksMapped mapped) {
        for (long address : mapped.addresses()) {
          written += address == 0 ? 0 : 1;
        }
      }
    }
    return new Totals(
        written * ChunkLog.CHUNK, (long) chunks.count() * ChunkLog.CHUNK, chunks.slotBytes());
  }

  Pool pool() {
    return pool;
  }

  DatastoreSettings settings() {
    return settings;
  }

  Epoch epoch() {
    return epoch;
  }

  Journal journal() {
    return journal;
  }

  ContainerLog log() {
    return log;
  }

  PlaceRegister places() {
    return places;
  }

  Repacker repacker() {
    return repacker;
  }

  DataKeys keys() {
    return keys;
  }

  ContainerIds ids() {
    return ids;
  }

  NameHash hash() {
    return hash;
  }

  State state() {
    return state;
  }

  Locks locks() {
    return locks;
  }

  WallClock clock() {
    return clock;
  }

  Failures failures() {
    return failures;
  }

  Arrivals arrivals() {
    return arrivals;
  }

  Attempts attempts() {
    return attempts;
  }

  Checkpointer checkpointer() {
    return checkpointer;
  }

  /** Lets operations end, writes a last checkpoint, and releases everything but the pool. */
  @Override
  public void close() {
    attempts.close();
    checkpointer.close();
    try {
      Duration limit = settings.closeLimit();
      if (!log.drain(limit)) {
        LOG.warn(
            "Containers still wait for the pool after {} s; the journal keeps them",
            limit.toSeconds());
      }
      checkpointer.checkpoint();
    } catch (DvxException | CompletionException e) {
      LOG.warn(
          "No last checkpoint could be written, the next start recovers from the journal: {}",
          e.getMessage());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      release();
    }
  }

  /** Ends at once: nothing more is written, as if the process had died. */
  void halt() {
    checkpointer.halt();
    release();
  }

  private void release() {
    checkpointer.close();
    attempts.close();
    journal.close();
    log.close();
    journalStore.close();
    keys.close();
  }
}
