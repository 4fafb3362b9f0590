package org.opendvx.server.bench.rpc;

import java.io.IOException;

/** An NFS or MOUNT call that the server answered with an error status. */
public final class NfsException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int status;

  /** Takes what was asked and the status. */
  public NfsException(String call, int status) {
    super(call + " answered " + Nfs3.statusName(status));
    this.status = status;
  }

  /** The status on the wire. */
  public int status() {
    return status;
  }
}
