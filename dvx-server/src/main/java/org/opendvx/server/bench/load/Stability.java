package org.opendvx.server.bench.load;

import org.opendvx.server.bench.rpc.Nfs3;

/** How durable a WRITE is when it is answered (stable_how of RFC 1813). */
public enum Stability {
  UNSTABLE(Nfs3.UNSTABLE),
  DATA_SYNC(Nfs3.DATA_SYNC),
  FILE_SYNC(Nfs3.FILE_SYNC);

  private final int number;

  Stability(int number) {
    this.number = number;
  }

  /** The number on the wire; a greater one promises more. */
  public int number() {
    return number;
  }
}
