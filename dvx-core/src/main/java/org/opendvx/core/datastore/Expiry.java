package org.opendvx.core.datastore;

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
   * with BUSY then. Also what of it runs later on other threads of the datastore. Within another
   * one the earlier moment counts.
   *
   * @param over tells whether the moment has passed; once it has, for ever; null for no such moment
   */
  public static <T> T within(@Nullable BooleanSupplier over, Supplier<T> operation) {
    if (over == null) {
      return operation.get();
    }
    BooleanSupplier outer = OVER.isBound() ? OVER.get() : null;
    BooleanSupplier both = outer == null ? over : () -> outer.getAsBoolean() || over.getAsBoolean();
    return ScopedValue.where(OVER, both).call(operation::get);
  }

  /** An operation for another thread, bound by the same moment as here. */
  public static <T> Supplier<T> carried(Supplier<T> operation) {
    if (!OVER.isBound()) {
      return operation;
    }
    BooleanSupplier over = OVER.get();
    return () -> ScopedValue.where(OVER, over).call(operation::get);
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
