package org.opendvx.server.bench;

import java.time.Duration;
import java.util.List;
import org.opendvx.server.bench.rpc.Credentials;
import org.opendvx.server.bench.rpc.Target;
import picocli.CommandLine.Option;

/** The options that name the server. */
final class TargetOptions {
  @Option(
      names = "--target",
      required = true,
      paramLabel = "HOST:/EXPORT",
      description = "Server and export.")
  private String target;

  @Option(
      names = "--nfs-port",
      defaultValue = "0",
      paramLabel = "PORT",
      description = "Port of NFS; by default the portmapper is asked.")
  private int nfsPort;

  @Option(
      names = "--mount-port",
      defaultValue = "0",
      paramLabel = "PORT",
      description = "Port of MOUNT; by default the portmapper is asked.")
  private int mountPort;

  @Option(names = "--uid", defaultValue = "0", description = "Numeric user of every call.")
  private int uid;

  @Option(names = "--gid", defaultValue = "0", description = "Numeric group of every call.")
  private int gid;

  @Option(
      names = "--reserved-port",
      description = "Call from ports below 1024 (needs the privilege).")
  private boolean reservedPort;

  @Option(
      names = "--call-timeout",
      defaultValue = "30",
      paramLabel = "SECONDS",
      description = "Time limit of every call (default ${DEFAULT-VALUE}).")
  private int callSeconds;

  @Option(
      names = "--server-pid",
      split = ",",
      paramLabel = "PID",
      description = "Process(es) of the server on this machine, to measure them.")
  private List<Long> serverPids;

  @Option(
      names = "--wait-ready",
      defaultValue = "0",
      paramLabel = "SECONDS",
      description = "Wait so long for the server to answer NULL and MOUNT.")
  private int readySeconds;

  /** Used by picocli, which fills in the annotated fields. */
  @SuppressWarnings("NullAway.Init")
  TargetOptions() {}

  Target target() {
    return Target.parse(
        target,
        nfsPort,
        mountPort,
        new Credentials("dvx-bench", uid, gid),
        callLimit(),
        reservedPort);
  }

  Duration callLimit() {
    return Duration.ofSeconds(Math.clamp(callSeconds, 1, 3600));
  }

  Duration readyLimit() {
    return Duration.ofSeconds(Math.clamp(readySeconds, 0, 3600));
  }

  @SuppressWarnings("NullAway") // picocli leaves the field null when the option is not given
  List<Long> serverPids() {
    return serverPids == null ? List.of() : List.copyOf(serverPids);
  }
}
