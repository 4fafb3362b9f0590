package org.opendvx.core.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Entry;
import org.opendvx.core.datastore.Datastore.Found;
import org.opendvx.core.datastore.Datastore.Listing;
import org.opendvx.core.datastore.FileAwayException;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;

/**
 * Runs operations at a root that is served here. An operation on names that must change a file
 * which is elsewhere gets the file here first, so that it stays one journal record; attributes of
 * files that are elsewhere are asked of their owners. Thread-safe.
 */
final class NamespaceRunner {
  private static final int TRIES = 50;

  private final HandOver handOver;
  private final BarrierCut cuts;
  private final Datastore all;

  NamespaceRunner(HandOver handOver, BarrierCut cuts, Datastore all) {
    this.handOver = handOver;
    this.cuts = cuts;
    this.all = all;
  }

  /**
   * Runs an operation.
   *
   * @param over tells when it must not take effect any more, null for never
   */
  @SuppressWarnings("unchecked") // a cut's result is a list of cuts
  <R> CompletableFuture<R> run(ServedRoot root, FileOp<R> op, @Nullable BooleanSupplier over) {
    if (op instanceof SnapshotOp.Take take) {
      return (CompletableFuture<R>) Tasks.start(() -> cuts.cut(root, take.requests(), over));
    }
    CompletableFuture<R> work = root.run(op, all, over);
    return op.names() ? work.handle(Outcome::new).thenCompose(o -> go(root, op, o, 1, over)) : work;
  }

  private record Outcome<R>(@Nullable R value, @Nullable Throwable failure) {}

  private <R> CompletableFuture<R> go(
      ServedRoot root,
      FileOp<R> op,
      Outcome<R> outcome,
      int attempt,
      @Nullable BooleanSupplier over) {
    Throwable failure = ServedRoot.cause(outcome.failure);
    if (failure instanceof FileAwayException away && attempt < TRIES) {
      return Tasks.start(
              () -> {
                handOver.take(away.file(), root, false);
                return true;
              })
          .thenCompose(_ -> root.run(op, all, over))
          .handle(Outcome::new)
          .thenCompose(next -> go(root, op, next, attempt + 1, over));
    }
    if (failure != null) {
      return CompletableFuture.failedFuture(failure);
    }
    return complete(root, Objects.requireNonNull(outcome.value));
  }

  @SuppressWarnings("unchecked") // a result is completed to one of the same type
  private <R> CompletableFuture<R> complete(ServedRoot root, R result) {
    return switch (result) {
      case Found found when away(root, found.key()) ->
          (CompletableFuture<R>)
              all.attributes(found.key())
                  .thenApply(now -> new Found(found.key(), now, found.directory()))
                  .exceptionallyCompose(NamespaceRunner::gone);
      case Listing listing -> (CompletableFuture<R>) complete(root, listing);
      default -> CompletableFuture.completedFuture(result);
    };
  }

  private static boolean away(ServedRoot root, FileKey key) {
    return !key.frozen() && root.ownership().away(key.file());
  }

  private static CompletableFuture<Found> gone(Throwable failure) {
    Throwable cause = ServedRoot.cause(failure);
    return CompletableFuture.failedFuture(
        cause instanceof FileException e && e.error() == FileError.STALE
            ? new FileException(FileError.NOT_FOUND, "no such name")
            : Objects.requireNonNull(cause));
  }

  private CompletableFuture<Listing> complete(ServedRoot root, Listing listing) {
    List<CompletableFuture<@Nullable Entry>> entries = new ArrayList<>();
    boolean foreign = false;
    for (Entry entry : listing.entries()) {
      if (away(root, entry.key())) {
        foreign = true;
        entries.add(
            all.attributes(entry.key())
                .handle((now, failure) -> failure == null ? with(entry, now) : orGone(failure)));
      } else {
        entries.add(CompletableFuture.completedFuture(entry));
      }
    }
    if (!foreign) {
      return CompletableFuture.completedFuture(listing);
    }
    return CompletableFuture.allOf(entries.toArray(CompletableFuture[]::new))
        .thenApply(
            _ ->
                new Listing(
                    entries.stream().map(CompletableFuture::join).filter(Objects::nonNull).toList(),
                    listing.end(),
                    listing.directory()));
  }

  private static Entry with(Entry entry, Attributes now) {
    return new Entry(entry.name(), entry.key(), entry.cookie(), now);
  }

  /** A file that was removed meanwhile is left out. */
  private static @Nullable Entry orGone(Throwable failure) {
    if (ServedRoot.cause(failure) instanceof FileException e && e.error() == FileError.STALE) {
      return null;
    }
    throw failure instanceof RuntimeException e ? e : new IllegalStateException(failure);
  }
}
