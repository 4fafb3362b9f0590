package org.opendvx.server.hosts;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.lab.HostLab;

/** A data node and hosts as processes, and clients of their NFS servers. */
final class HostProcesses implements AutoCloseable {
  private static final long START_SECONDS = 180;
  private static final long DRIVE_BYTES = 6L << 30;

  private final HostLab lab;

  HostProcesses(Path folder) throws IOException, InterruptedException {
    this(folder, HostLab.Setup.DRIVES, DRIVE_BYTES);
  }

  /** With so many drives, of which each has so much room. */
  HostProcesses(Path folder, int drives, long driveBytes) throws IOException, InterruptedException {
    this.lab = new HostLab(new HostLab.Setup(folder, HostLab.Setup.SMALL, drives, driveBytes));
  }

  HostLab lab() {
    return lab;
  }

  /** Starts a forwarder on the port that a host had, to others, and waits until it listens. */
  void startForwarder(String name, String inPlaceOf, String... others) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("forward", "--listen", listens(inPlaceOf)));
    for (String other : others) {
      arguments.addAll(List.of("--to", listens(other)));
    }
    lab.launch(name, inPlaceOf, arguments);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!lab.logs().contains("Forwarding ")) {
      if (!lab.isAlive(name) || System.nanoTime() - deadline > 0) {
        throw new AssertionError(name + " does not forward: " + lab.logs());
      }
      Thread.sleep(50);
    }
  }

  private String listens(String name) throws IOException {
    NodeFile node = lab.node(name);
    return node.address() + ":" + node.nfsPort();
  }

  /**
   * Mounts the datastore at a host.
   *
   * @param callLimit after which a call without an answer fails
   * @param patience how long a call is repeated that is told to come again
   */
  NfsClient mount(String name, Duration callLimit, Duration patience) throws IOException {
    return NfsClient.mount(lab.node(name), callLimit, patience);
  }

  @Override
  public void close() {
    lab.close();
  }
}
