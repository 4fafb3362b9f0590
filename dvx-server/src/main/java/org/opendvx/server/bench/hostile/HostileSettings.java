package org.opendvx.server.bench.hostile;

import java.time.Duration;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.bench.rpc.Target;

/**
 * An attack.
 *
 * @param target server and export
 * @param portmapPort port of a portmapper to attack too, 0 for none
 * @param rate messages a second
 * @param time how long
 * @param connections connections that the messages go over
 * @param slowConnections connections that send a byte a second
 * @param deafConnections connections that ask for much and never read
 * @param refusalLimit time within which a record of 2 GiB must be refused
 * @param growthLimit bytes by which the server's memory may grow after a quarter of the time
 * @param seed of the messages
 * @param serverPids the server's processes on this machine
 */
public record HostileSettings(
    Target target,
    int portmapPort,
    int rate,
    Duration time,
    int connections,
    int slowConnections,
    int deafConnections,
    Duration refusalLimit,
    long growthLimit,
    long seed,
    List<Long> serverPids) {

  /** Refuses what cannot be run. */
  public HostileSettings {
    if (rate < 1 || rate > 1_000_000 || connections < 1 || connections > 1000) {
      throw DvxException.of(Kind.INVALID, "This attack is not possible")
          .remedy("Choose a rate of 1 to 1000000 and 1 to 1000 connections")
          .detail("rate", rate)
          .detail("connections", connections)
          .build();
    }
  }
}
