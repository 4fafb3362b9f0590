package org.opendvx.server.bench.rpc;

import java.io.IOException;

/** A reply that breaks the protocol, or an RPC that the server rejected. */
public final class RpcException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Takes one phrase that says what was wrong. */
  public RpcException(String message) {
    super(message);
  }
}
