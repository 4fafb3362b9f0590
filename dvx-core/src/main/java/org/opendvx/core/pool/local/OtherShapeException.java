package org.opendvx.core.pool.local;

/**
 * A coded container has another number of shards than new containers have now: it has to be coded
 * again. Nothing was written.
 */
public final class OtherShapeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int dataShards;
  private final int parityShards;

  OtherShapeException(StripeShape wanted) {
    super("New containers have " + wanted.dataShards() + "+" + wanted.parityShards() + " shards");
    this.dataShards = wanted.dataShards();
    this.parityShards = wanted.parityShards();
  }

  /** Data shards of a new container. */
  public int dataShards() {
    return dataShards;
  }

  /** Parity shards of a new container. */
  public int parityShards() {
    return parityShards;
  }
}
