package org.opendvx.server.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.Target;

/** Opens sessions, and waits for servers that are still starting. */
final class Readiness {
  private static final long PAUSE_NANOS = 20_000_000L;

  private Readiness() {}

  /** Mounts the target, trying again for as long as {@code limit} allows. */
  static NfsSession open(Target target, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      try {
        return NfsSession.open(target);
      } catch (IOException e) {
        if (System.nanoTime() - deadline >= 0) {
          throw unreachable(target, e);
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private static DvxException unreachable(Target target, IOException e) {
    boolean refused = e instanceof NfsException;
    return DvxException.of(
            refused ? Kind.DENIED : Kind.UNAVAILABLE, "The target " + target + " cannot be mounted")
        .causedBy(e)
        .remedy(
            refused
                ? "Check the export's name and the server's list of allowed clients"
                : "Check that the server runs and that host and ports are right")
        .detail("NFS port", target.nfsPort() == 0 ? "from the portmapper" : target.nfsPort())
        .detail("MOUNT port", target.mountPort() == 0 ? "from the portmapper" : target.mountPort())
        .build();
  }

  /** Closes a session that was opened to see whether the server is there. */
  static void close(NfsSession session) {
    try {
      session.close();
    } catch (IOException e) {
      throw failed("The connection to the server could not be closed", e);
    }
  }

  /** Tells an I/O failure of set-up or check as an error for a person. */
  static DvxException failed(String what, IOException e) {
    return DvxException.of(Kind.UNAVAILABLE, what)
        .causedBy(e)
        .remedy("See the server's log")
        .build();
  }
}
