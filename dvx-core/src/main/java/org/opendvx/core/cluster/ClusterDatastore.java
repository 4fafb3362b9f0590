package org.opendvx.core.cluster;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.datastore.RequestTag;
import org.opendvx.core.datastore.Snapshots;

/**
 * The datastore as every host shows it: any host answers for any file. Thread-safe.
 *
 * <p>Unstable writes are held by engines of this process only: what goes to a peer is written
 * stably, and a file's unstable data is made durable before it moves. So the verifier changes when
 * an engine here is lost, and no other event loses unstable data that this front has answered.
 */
final class ClusterDatastore implements Datastore {
  private final Router router;
  private final Roots roots;
  private final FrontBar bar;
  private final SpaceFigures space;
  private final long born;
  private final AtomicLong losses;
  private final Consumer<FileKey> onCreated;
  private final ClusterSnapshots snapshots;

  /**
   * A datastore.
   *
   * @param born random for this process
   * @param losses how often an engine here was lost
   * @param onCreated told of each regular file that was made through this host
   */
  ClusterDatastore(
      Router router,
      Roots roots,
      FrontBar bar,
      SpaceFigures space,
      long born,
      AtomicLong losses,
      Consumer<FileKey> onCreated) {
    this.router = router;
    this.roots = roots;
    this.bar = bar;
    this.space = space;
    this.born = born;
    this.losses = losses;
    this.onCreated = onCreated;
    this.snapshots = new ClusterSnapshots(this);
  }

  <R> CompletableFuture<R> run(FileOp<R> op) {
    // In this order: a host closes the bar before a new life begins.
    long life = router.life();
    try {
      bar.check(op);
      return router.run(op, life);
    } catch (FileException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public long writeVerifier() {
    return born + losses.get();
  }

  @Override
  public boolean congested() {
    return roots.all().stream().anyMatch(root -> root.store().congested());
  }

  @Override
  public CompletableFuture<Attributes> attributes(FileKey file) {
    return run(new ContentOp.Get(file));
  }

  @Override
  public CompletableFuture<Changed> setAttributes(
      Caller caller, FileKey file, AttributeChange change, @Nullable Long guard) {
    return run(new ContentOp.Set(caller, file, change, guard));
  }

  @Override
  public CompletableFuture<Found> lookup(Caller caller, FileKey directory, byte[] name) {
    return run(new NameOp.Lookup(caller, directory, name));
  }

  @Override
  public CompletableFuture<byte[]> readLink(FileKey link) {
    return run(new ContentOp.ReadLink(link));
  }

  @Override
  public CompletableFuture<Integer> access(Caller caller, FileKey file, int wanted) {
    return run(new ContentOp.Access(caller, file, wanted));
  }

  @Override
  public CompletableFuture<ReadResult> read(
      Caller caller, FileKey file, long offset, ByteBuffer target) {
    int length = Math.min(target.remaining(), MAX_IO);
    int at = target.position();
    return run(new ContentOp.Read(caller, file, offset, length, target))
        .thenApply(
            read -> {
              byte[] bytes = read.bytes();
              if (bytes != null) {
                target.put(at, bytes, 0, read.result().count());
              }
              return read.result();
            });
  }

  @Override
  public CompletableFuture<Changed> write(
      Caller caller, FileKey file, long offset, ByteBuffer source, boolean stable) {
    return run(new ContentOp.Write(caller, file, offset, source, stable));
  }

  @Override
  public CompletableFuture<Changed> commit(FileKey file) {
    return run(new ContentOp.Commit(file));
  }

  @Override
  public CompletableFuture<Created> create(
      Caller caller, FileKey directory, byte[] name, NewFile file, Existing existing) {
    CompletableFuture<Created> created =
        run(new NameOp.Create(caller, directory, name, file, existing));
    if (file.type() == FileType.REGULAR) {
      var _ =
          created.thenAccept(
              made -> {
                if (made.isNew()) {
                  onCreated.accept(made.key());
                }
              });
    }
    return created;
  }

  @Override
  public CompletableFuture<Changed> remove(Caller caller, FileKey directory, byte[] name) {
    return run(new NameOp.Remove(caller, directory, name, false));
  }

  @Override
  public CompletableFuture<Changed> removeDirectory(Caller caller, FileKey directory, byte[] name) {
    return run(new NameOp.Remove(caller, directory, name, true));
  }

  @Override
  public CompletableFuture<Renamed> rename(
      Caller caller, FileKey fromDirectory, byte[] from, FileKey toDirectory, byte[] to) {
    return run(new NameOp.Rename(caller, fromDirectory, from, toDirectory, to));
  }

  @Override
  public CompletableFuture<Linked> link(
      Caller caller, FileKey file, FileKey directory, byte[] name) {
    return run(new NameOp.Link(caller, file, directory, name));
  }

  @Override
  public CompletableFuture<Listing> list(Caller caller, FileKey directory, long cookie, int limit) {
    return run(new NameOp.ListNames(caller, directory, cookie, limit));
  }

  /** As of the last look, a few seconds ago at the most. */
  @Override
  public SpaceReport space() {
    return space.report();
  }

  @Override
  public Snapshots snapshots() {
    return snapshots;
  }

  /**
   * Only what this host's roots know. A request that another root carried out is recognised there
   * when it comes again, so that it is not applied twice either.
   */
  @Override
  public Optional<RequestOutcome> outcome(RequestTag tag) {
    return roots.all().stream()
        .filter(ServedRoot::serves)
        .flatMap(root -> root.store().outcome(tag).stream())
        .findFirst();
  }
}
