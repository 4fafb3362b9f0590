package org.opendvx.core.datastore;

import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A moment after which an operation must not take effect any more: who asked for it has given it up
 * by then, and may have asked for something else. It is looked at under the operation's locks, when
 * its record is about to go into the journal: what comes later over the same locks comes after.
 */
public final class Expiry {
  private static final ScopedValue<BooleanSupplier> OVER = ScopedValue.newInstance();

  private Expiry() {}

  /**
   * Starts an operation of a datastore that takes effect before a moment or not at all: it fails
   * with BUSY then. Also what of it runs later on other threads of the datastore.
   *
   * @param over tells whether the moment has passed; once it has, for ever; null for no such moment
   */
  public static <T> CompletableFuture<T> within(
      @Nullable BooleanSupplier over, Supplier<CompletableFuture<T>> operation) {
    return over == null ? operation.get() : ScopedValue.where(OVER, over).call(operation::get);
  }

  /** The operation on another thread, bound by the same moment as here. */
  static <T> Supplier<CompletableFuture<T>> carried(Supplier<CompletableFuture<T>> operation) {
    if (!OVER.isBound()) {
      return operation;
    }
    BooleanSupplier over = OVER.get();
    return () -> within(over, operation);
  }

  /**
   * Refuses what comes too late.
   *
   * @throws FileException BUSY then
   */
  static void check() {
    if (OVER.isBound() && OVER.get().getAsBoolean()) {
      throw new FileException(FileError.BUSY, "it was asked for too long ago");
    }
  }
}
