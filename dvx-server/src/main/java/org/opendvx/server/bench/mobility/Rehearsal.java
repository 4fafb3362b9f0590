package org.opendvx.server.bench.mobility;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.MoveRequest;
import org.opendvx.server.api.MovedView;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.api.PrefetchRequest;
import org.opendvx.server.api.PrefetchesView;
import org.opendvx.server.cli.RestClient;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.datanode.DataNode;
import org.opendvx.server.lab.LabFiles;
import org.opendvx.server.node.DvxNode;
import org.opendvx.server.node.Parts;

/**
 * A data node and two hosts in this process, between which a machine under load goes to and fro:
 * the code that a move needs has then run. Confined to one thread.
 */
final class Rehearsal implements AutoCloseable {
  private static final String LOOPBACK = "127.0.0.1";
  private static final List<String> HOSTS = List.of("h1", "h2");
  private static final String MACHINE = "vm1";
  private static final int BLOCKS = 4_096;
  private static final int THREADS = 2;
  private static final int DRIVES = 3;
  private static final long DRIVE_BYTES = 2L << 30;

  private final Map<String, DvxNode> hosts = new LinkedHashMap<>();
  private final DataNode dataNode;

  /**
   * Starts them all.
   *
   * @param folder for their files, empty
   */
  Rehearsal(Path folder, Parts parts, String version) throws IOException {
    LabFiles files = new LabFiles(folder);
    dataNode =
        DataNode.start(
            ConfigLoader.loadDataNode(files.dataNode(LOOPBACK, 0, DRIVES, DRIVE_BYTES)),
            version,
            Clock.systemUTC());
    boolean started = false;
    try {
      for (String host : HOSTS) {
        Path device = Files.createDirectories(files.at("flash-" + host));
        Path config = files.host(host, LOOPBACK, LOOPBACK + "/32", flash(device));
        files.join(host, LOOPBACK, dataNode.address().port());
        hosts.put(
            host, DvxNode.start(ConfigLoader.load(config), parts, version, Clock.systemUTC()));
      }
      started = true;
    } finally {
      if (!started) {
        close();
      }
    }
  }

  /**
   * Moves the machine.
   *
   * @param moves how often
   * @param millis between two of them
   */
  void run(int moves, long millis) throws IOException, InterruptedException {
    Map<String, NodeFile> nodes = new LinkedHashMap<>();
    Map<String, RestClient> clients = new LinkedHashMap<>();
    try {
      for (String host : HOSTS) {
        nodes.put(host, node(host));
        clients.put(host, RestClient.of(node(host)));
      }
      String from = HOSTS.getFirst();
      MachineLoad.fill(node(from), MACHINE, BLOCKS, 0);
      MachineLoad load = new MachineLoad(nodes, MACHINE, BLOCKS, from);
      try (load) {
        load.warm();
        load.start(THREADS);
        for (int move = 1; move <= moves; move++) {
          String to = HOSTS.get(move % HOSTS.size());
          move(Objects.requireNonNull(clients.get(to)), load, from, to);
          Thread.sleep(millis);
          from = to;
        }
      }
      judge(load);
    } finally {
      clients.values().forEach(RestClient::close);
    }
  }

  private static String flash(Path device) {
    return """
    flash:
      devices: [%s]
      capacity: 128MiB
      index-memory: 8MiB
    """
        .formatted(device);
  }

  private NodeFile node(String host) {
    return Objects.requireNonNull(hosts.get(host)).file();
  }

  private static void move(RestClient target, MachineLoad load, String from, String to) {
    PrefetchesView _ =
        target.post(
            "prefetch", new PrefetchRequest("/" + MACHINE, from, false), PrefetchesView.class);
    load.moveTo(to);
    MovedView _ = target.post("placement", new MoveRequest("/" + MACHINE, to), MovedView.class);
  }

  private static void judge(MachineLoad load) {
    Throwable failure = load.failure();
    if (failure != null) {
      throw DvxException.of(Kind.INTERNAL, "An operation of the load failed")
          .causedBy(failure)
          .remedy("Report it")
          .build();
    }
    if (load.bad() > 0) {
      throw DvxException.of(Kind.INTERNAL, "A moved machine read something else than it wrote")
          .remedy("Report it")
          .detail("reads", load.bad())
          .build();
    }
  }

  /** Stops them all. */
  @Override
  public void close() {
    hosts.values().forEach(DvxNode::close);
    dataNode.close();
  }
}
