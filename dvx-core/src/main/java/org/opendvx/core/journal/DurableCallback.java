package org.opendvx.core.journal;

import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;

/** Told once what became of a record. */
@FunctionalInterface
public interface DurableCallback {
  /**
   * The record is durable, or its fate is unknown. Called on the journal's completion thread, or
   * inside of {@link Journal#onDurable} when the answer is known already; must not block.
   *
   * @param failure null when the record is durable; else why that cannot be said: the record may
   *     become durable later, or be gone after a restart
   */
  void done(@Nullable DvxException failure);
}
