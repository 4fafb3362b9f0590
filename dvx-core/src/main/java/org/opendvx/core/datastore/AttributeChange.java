package org.opendvx.core.datastore;

import org.jspecify.annotations.Nullable;

/**
 * Attributes to set; null leaves one as it is.
 *
 * @param size new size in bytes; growing makes a hole
 * @param accessed see {@link Time}
 * @param modified see {@link Time}
 */
public record AttributeChange(
    @Nullable Integer mode,
    @Nullable Integer uid,
    @Nullable Integer gid,
    @Nullable Long size,
    @Nullable Time accessed,
    @Nullable Time modified) {

  /** Changes nothing. */
  public static final AttributeChange NONE =
      new AttributeChange(null, null, null, null, null, null);

  /** Only the mode. */
  public static AttributeChange mode(int mode) {
    return new AttributeChange(mode, null, null, null, null, null);
  }

  /** A time to set: the server's clock or the client's. */
  public sealed interface Time {
    /** The server's clock. */
    record Server() implements Time {}

    /**
     * The client's.
     *
     * @param nanos since 1970
     */
    record Client(long nanos) implements Time {}
  }
}
