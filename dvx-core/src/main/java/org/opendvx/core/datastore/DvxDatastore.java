package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.RootRecord.Totals;
import org.opendvx.core.journal.Journal;
import org.opendvx.core.log.LogStatistics;
import org.opendvx.core.log.SlotSource;
import org.opendvx.core.pool.Pool;

/**
 * The datastore of one host over a pool.
 *
 * <p>{@link #format} once, then {@link #open}; {@link #close} is the clean stop. A process that
 * ends without it loses nothing that was acknowledged: the next open recovers it.
 */
public final class DvxDatastore implements Datastore, AutoCloseable {
  private static final String FILE_IDS = "ids/files";
  private static final String SNAPSHOT_IDS = "ids/snapshots";
  private static final long FIRST_FILE = 16;
  private static final long FILE_RANGE = 1 << 16;
  private static final long SNAPSHOT_RANGE = 1 << 12;

  private final Engine engine;
  private final Attempts attempts;
  private final Files files;
  private final SnapshotView view;
  private final Lookups lookups;
  private final ReadPath reads;
  private final WritePath writes;
  private final AttributePath attributes;
  private final CreatePath creations;
  private final NamespacePath names;
  private final SnapshotService snapshots;
  private final CutPath cuts;
  private final Ownership ownership;
  private final Transactions transactions;
  private final Admission admission;
  private final Reclaim reclaim;
  private final FileChunks chunks;
  private final Room room;
  private final long verifier = new SecureRandom().nextLong();

  private DvxDatastore(Engine engine) {
    this.engine = engine;
    this.attempts = engine.attempts();
    State state = engine.state();
    Locks locks = engine.locks();
    NameHash hash = engine.hash();
    var records = engine.pool().records();
    this.room =
        new Room(
            engine.journal(), engine.log(), engine.checkpointer(), engine.settings().roomLimit());
    this.transactions =
        new Transactions(state, engine.journal(), room, locks, engine.clock(), engine.failures());
    this.admission = new Admission(engine.pool(), room, engine.log(), state.inodes());
    this.reclaim = new Reclaim(engine, admission);
    this.files = new Files(state.inodes());
    this.chunks = new FileChunks(engine, files);
    ChunkReader reader = new ChunkReader(engine.log(), attempts);
    this.view = new SnapshotView(state.snapshots(), files, reader, engine.clock().now());
    this.lookups = new Lookups(files, state.inodes(), locks, hash, view);
    this.reads =
        new ReadPath(files, reader, engine.clock(), engine.settings().accessInterval().toNanos());
    this.writes = new WritePath(files, engine.log(), reader, transactions, admission, room);
    this.attributes = new AttributePath(files, engine.log(), reader, transactions, admission, room);
    this.names = new NamespacePath(files, locks, hash, transactions, admission);
    IdRange fileIds = new IdRange(records, engine.epoch(), FILE_IDS, FIRST_FILE, FILE_RANGE);
    IdRange snapshotIds = new IdRange(records, engine.epoch(), SNAPSHOT_IDS, 1, SNAPSHOT_RANGE);
    this.creations =
        new CreatePath(files, locks, hash, fileIds, names, attributes, transactions, admission);
    SnapshotCatalogue catalogue = state.snapshots();
    CatalogueRoom catalogueRoom =
        new CatalogueRoom(catalogue, engine.checkpointer()::wanted, engine.settings().roomLimit());
    this.cuts =
        new CutPath(
            files, catalogue, view, locks, snapshotIds, transactions, admission, catalogueRoom);
    this.ownership = new Ownership(engine, files, transactions);
    this.snapshots =
        new SnapshotService(
            attempts,
            catalogue,
            cuts,
            new RestorePath(files, state.inodes(), catalogue, locks, hash, transactions, admission),
            new SharePath(files, catalogue, locks, hash, fileIds, transactions, admission));
  }

  /**
   * Makes a datastore in an empty pool and opens it.
   *
   * @param pool stays the caller's, who closes it after the datastore
   * @param keys the pool's keys; may be closed after the datastore
   * @param host the host's stable name, see {@link Pool#journal}
   * @throws org.opendvx.core.error.DvxException EXISTS when there is one already
   */
  public static DvxDatastore format(
      Pool pool, KeyRing keys, DatastoreSettings settings, String host) {
    return format(pool, keys, settings, host, List.of());
  }

  /**
   * As {@link #format(Pool, KeyRing, DatastoreSettings, String)}, with nearer places for chunks.
   */
  public static DvxDatastore format(
      Pool pool, KeyRing keys, DatastoreSettings settings, String host, List<SlotSource> sources) {
    return format(pool, PoolRing.of(keys), settings, host, sources);
  }

  /** The same with a ring that other hosts may change. */
  public static DvxDatastore format(
      Pool pool, PoolRing keys, DatastoreSettings settings, String host, List<SlotSource> sources) {
    return over(Engine.format(pool, keys, settings, host, sources));
  }

  /** Key of the record that tells the format of a host's datastore: see {@link #checkFormat}. */
  public static String rootRecord(String host) {
    return RootStore.key(host);
  }

  /**
   * Checks a root record before a pool is opened, which changes its drives.
   *
   * @throws org.opendvx.core.error.DvxException UNSUPPORTED when a newer version wrote it, CORRUPT
   *     when it cannot be read
   */
  public static void checkFormat(byte[] root) {
    RootRecord _ = RootRecord.decode(root);
  }

  /** What had been written under a root record: the rest of the report is 0. */
  public static SpaceReport writtenAsOf(byte[] root) {
    Totals totals = RootRecord.decode(root).totals();
    return new SpaceReport(0, 0, totals.logical(), totals.unique(), totals.stored(), 0);
  }

  /**
   * Checks the first bytes of a batch of a host's journal before a pool is opened.
   *
   * @throws org.opendvx.core.error.DvxException UNSUPPORTED when a newer version wrote it
   */
  public static void checkBatch(byte[] head) {
    Journal.checkFormat(head);
  }

  /**
   * Opens a datastore, recovering what the last process left.
   *
   * @throws org.opendvx.core.error.DvxException NOT_FOUND when the pool was never formatted,
   *     UNSUPPORTED when a newer version wrote it, CORRUPT when it cannot be recovered; nothing was
   *     changed but the host's incarnation then
   */
  public static DvxDatastore open(
      Pool pool, KeyRing keys, DatastoreSettings settings, String host) {
    return open(pool, keys, settings, host, List.of());
  }

  /**
   * As {@link #open(Pool, KeyRing, DatastoreSettings, String)}, with nearer places for chunks.
   *
   * @param sources asked in order before the pool, and offered what is written or read; closed by
   *     the caller after the datastore
   */
  public static DvxDatastore open(
      Pool pool, KeyRing keys, DatastoreSettings settings, String host, List<SlotSource> sources) {
    return open(pool, PoolRing.of(keys), settings, host, sources);
  }

  /** The same with a ring that other hosts may change. */
  public static DvxDatastore open(
      Pool pool, PoolRing keys, DatastoreSettings settings, String host, List<SlotSource> sources) {
    return over(Engine.open(pool, keys, settings, host, sources));
  }

  /** Counters of the log since it was opened. */
  public LogStatistics logStatistics() {
    return engine.log().statistics();
  }

  private static DvxDatastore over(Engine engine) {
    boolean done = false;
    try {
      DvxDatastore store = new DvxDatastore(engine);
      done = true;
      return store;
    } finally {
      if (!done) {
        engine.halt();
      }
    }
  }

  /** Writes a checkpoint now and returns when it is in place; blocks. */
  public void checkpoint() {
    engine.checkpointer().checkpoint();
  }

  /** What a cleaner works with. */
  public Reclaim reclaim() {
    return reclaim;
  }

  /** What a cache is filled from ahead of reads. */
  public FileChunks chunks() {
    return chunks;
  }

  @Override
  public void close() {
    engine.close();
  }

  /** Moves files between this root and others. */
  public Ownership ownership() {
    return ownership;
  }

  /**
   * Takes snapshots of files that their owners froze, all or none; this root has the catalogue.
   *
   * @param requests as for {@link Snapshots#cutTogether}
   * @param parcels of the members by file id: see {@link Ownership#settle}
   * @param heldNanos how long writes were held
   */
  public CompletableFuture<List<Snapshots.Cut>> join(
      List<Snapshots.CutRequest> requests,
      Map<Long, byte[]> parcels,
      long heldNanos,
      long startNanos) {
    return attempts.run(
        () -> {
          engine.arrivals().note(parcels.values());
          return cuts.join(requests, parcels, heldNanos, startNanos);
        });
  }

  /** Ends without a last checkpoint; the next open recovers. For a host that was fenced. */
  public void halt() {
    engine.halt();
  }

  @Override
  public long writeVerifier() {
    return verifier;
  }

  @Override
  public boolean congested() {
    return room.congested();
  }

  @Override
  public CompletableFuture<Attributes> attributes(FileKey file) {
    return attempts.run(() -> done(look(file)));
  }

  private Attributes look(FileKey file) {
    return SnapshotView.covers(file) ? view.attributes(file) : files.live(file).attributes();
  }

  private static <T> CompletableFuture<T> done(T value) {
    return CompletableFuture.completedFuture(value);
  }

  @Override
  public CompletableFuture<Changed> setAttributes(
      Caller caller, FileKey file, AttributeChange change, @Nullable Long guard) {
    return attempts.run(() -> attributes.set(caller, file, change, guard));
  }

  @Override
  public CompletableFuture<Found> lookup(Caller caller, FileKey directory, byte[] name) {
    return attempts.run(
        () ->
            done(
                SnapshotView.covers(directory)
                    ? view.lookup(caller, directory, name)
                    : lookups.lookup(caller, directory, name)));
  }

  @Override
  public CompletableFuture<byte[]> readLink(FileKey link) {
    return attempts.run(() -> done(target(link)));
  }

  private byte[] target(FileKey link) {
    if (SnapshotView.covers(link)) {
      return view.readLink(link);
    }
    InodeImage image = files.live(link).image();
    if (image.type() != FileType.SYMLINK) {
      throw new FileException(FileError.INVALID, "not a symbolic link");
    }
    return image.symlink();
  }

  @Override
  public CompletableFuture<Integer> access(Caller caller, FileKey file, int wanted) {
    return attempts.run(
        () ->
            done(
                SnapshotView.covers(file)
                    ? view.access(caller, file, wanted)
                    : Permissions.granted(caller, files.live(file).image(), wanted)));
  }

  @Override
  public CompletableFuture<ReadResult> read(
      Caller caller, FileKey file, long offset, ByteBuffer target) {
    return attempts.run(
        () ->
            SnapshotView.covers(file)
                ? view.read(caller, file, offset, target)
                : reads.read(caller, file, offset, target));
  }

  @Override
  public CompletableFuture<Changed> write(
      Caller caller, FileKey file, long offset, ByteBuffer source, boolean stable) {
    return attempts.run(
        () -> writes.write(caller, file, offset, source, stable),
        () -> {
          // The caller's buffer is its own again when the call returns.
          ByteBuffer copy = ByteBuffer.allocate(source.remaining());
          copy.put(0, source, source.position(), source.remaining());
          return () -> writes.write(caller, file, offset, copy, stable);
        });
  }

  @Override
  public CompletableFuture<Changed> commit(FileKey file) {
    return attempts.run(
        () -> {
          Files.requireChangeable(file);
          Inode inode = files.live(file);
          Attributes now = inode.attributes();
          return transactions.durable(inode.lastLsn(), new Changed(now, now));
        });
  }

  @Override
  public CompletableFuture<Created> create(
      Caller caller, FileKey directory, byte[] name, NewFile file, Existing existing) {
    return attempts.run(() -> creations.create(caller, directory, name, file, existing));
  }

  @Override
  public CompletableFuture<Changed> remove(Caller caller, FileKey directory, byte[] name) {
    return attempts.run(() -> names.remove(caller, directory, name, false));
  }

  @Override
  public CompletableFuture<Changed> removeDirectory(Caller caller, FileKey directory, byte[] name) {
    return attempts.run(() -> names.remove(caller, directory, name, true));
  }

  @Override
  public CompletableFuture<Renamed> rename(
      Caller caller, FileKey fromDirectory, byte[] from, FileKey toDirectory, byte[] to) {
    return attempts.run(() -> names.rename(caller, fromDirectory, from, toDirectory, to));
  }

  @Override
  public CompletableFuture<Linked> link(
      Caller caller, FileKey file, FileKey directory, byte[] name) {
    return attempts.run(() -> names.link(caller, file, directory, name));
  }

  @Override
  public CompletableFuture<Listing> list(Caller caller, FileKey directory, long cookie, int limit) {
    return attempts.run(
        () ->
            done(
                SnapshotView.covers(directory)
                    ? view.list(caller, directory, cookie, limit)
                    : lookups.list(caller, directory, cookie, limit)));
  }

  @Override
  public SpaceReport space() {
    Totals totals = engine.checkpointer().totals();
    return new SpaceReport(
        admission.totalBytes(),
        admission.freeBytes(),
        totals.logical(),
        totals.unique(),
        totals.stored(),
        engine.state().inodes().files());
  }

  @Override
  public Snapshots snapshots() {
    return snapshots;
  }

  /**
   * As {@link Snapshots#cloneRange}, but durable when it is answered: one step, of which nothing
   * can be left to do when the file moves away.
   */
  public CompletableFuture<Void> cloneRangeDurably(Caller caller, Snapshots.Range range) {
    return snapshots.cloneRangeDurably(caller, range);
  }

  @Override
  public Optional<RequestOutcome> outcome(RequestTag tag) {
    return engine.state().outcomes().find(tag);
  }
}
