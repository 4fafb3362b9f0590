package org.opendvx.core.nfs.rpc;

/** Told what the RPC layer does. Thread-safe and fast: called for every request. */
public interface RpcMetrics {
  /** Counts nothing. */
  RpcMetrics NONE = new RpcMetrics() {};

  /** A request was answered, or found to be unanswerable, after this long. */
  default void answered(int program, int procedure, int status, long nanos) {}

  /** A call was rejected: unknown program, version or procedure, bad credential or arguments. */
  default void rejected(String reason) {}

  /** A connection was accepted. */
  default void opened() {}

  /**
   * A connection ended.
   *
   * @param reason a constant phrase
   */
  default void closed(String reason) {}

  /** A connection was refused at once. */
  default void refused(String reason) {}

  /** Bytes came in. */
  default void received(int bytes) {}

  /** Bytes went to the network. */
  default void sent(int bytes) {}
}
