package org.opendvx.server.bench.load;

import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.bench.ledger.Span;

/**
 * A load.
 *
 * @param mode order and direction
 * @param span files and blocks
 * @param queueDepth calls open on each connection
 * @param connections TCP connections
 * @param readPercent share of reads of a mixed load
 * @param stability of writes
 * @param commitBytes UNSTABLE bytes of a file after which a COMMIT is sent
 * @param warmUp time before figures count
 * @param time time in which figures count
 * @param callLimit time limit of a call
 * @param outageLimit longest time to wait for a server that went away
 * @param onDisconnect what to do then
 * @param checkReads whether every block that is read is checked
 * @param errorLimit failed calls after which the load ends
 * @param seed of the order of random blocks
 */
public record LoadSettings(
    LoadMode mode,
    Span span,
    int queueDepth,
    int connections,
    int readPercent,
    Stability stability,
    long commitBytes,
    Duration warmUp,
    Duration time,
    Duration callLimit,
    Duration outageLimit,
    DisconnectPolicy onDisconnect,
    boolean checkReads,
    int errorLimit,
    long seed) {
  private static final int DEPTH_LIMIT = 4096;
  private static final int CONNECTION_LIMIT = 1024;
  private static final long BUFFER_LIMIT = 512L << 20;

  /** Refuses what cannot be run. */
  public LoadSettings {
    require(queueDepth >= 1 && queueDepth <= DEPTH_LIMIT, "queue depth", queueDepth, "1 to 4096");
    require(
        connections >= 1 && connections <= CONNECTION_LIMIT,
        "connections",
        connections,
        "1 to 1024");
    require(readPercent >= 0 && readPercent <= 100, "read percentage", readPercent, "0 to 100");
    require(commitBytes > 0, "commit interval", commitBytes, "above 0");
    require(time.isPositive(), "time", time.toSeconds(), "above 0 seconds");
    require(
        2L * queueDepth * connections * span.blockSize() <= BUFFER_LIMIT,
        "data in flight",
        (long) queueDepth * connections * span.blockSize(),
        "at most 256 MiB over all connections");
  }

  /** The same for moving large blocks one after the other. */
  LoadSettings bulk(int depth) {
    DisconnectPolicy policy =
        onDisconnect == DisconnectPolicy.CHECK ? DisconnectPolicy.FAIL : onDisconnect;
    return new LoadSettings(
        mode,
        span,
        depth,
        1,
        readPercent,
        Stability.UNSTABLE,
        commitBytes,
        warmUp,
        time,
        callLimit,
        outageLimit,
        policy,
        true,
        errorLimit,
        seed);
  }

  private static void require(boolean holds, String what, Number given, String allowed) {
    if (!holds) {
      throw DvxException.of(Kind.INVALID, "The " + what + " " + given + " is not possible")
          .cause("It must be " + allowed)
          .remedy("Choose another value")
          .build();
    }
  }
}
