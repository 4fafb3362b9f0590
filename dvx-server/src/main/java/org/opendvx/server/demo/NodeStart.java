package org.opendvx.server.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.server.api.DatastoreView;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.api.StatusView;
import org.opendvx.server.cli.NodeApi;
import org.opendvx.server.cli.RestClient;
import org.opendvx.server.demo.nfs.ForeignClient;
import org.opendvx.server.process.Child;

/** Step 2: a node as a process of its own, on six drive folders. */
final class NodeStart {
  /** The datastore's name. */
  static final String DATASTORE = "dvx";

  /** The folder, and the export, that the oVirt engine's storage domain is in. */
  static final String OVIRT = "/rhv";

  private static final int DRIVES = 6;
  private static final int PORTMAPPER = 111;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Workshop shop;

  NodeStart(Workshop shop) {
    this.shop = shop;
  }

  Node run() throws IOException, InterruptedException {
    List<Path> drives = new ArrayList<>();
    for (int drive = 1; drive <= DRIVES; drive++) {
      drives.add(Files.createDirectories(shop.path("drives").resolve("drive" + drive)));
    }
    boolean portFree = "root".equals(System.getProperty("user.name")) && !isListening(PORTMAPPER);
    Path config = shop.path("dvx.yaml");
    Files.writeString(config, configuration(shop.path("node"), drives, portFree));
    Path ready = shop.path("node.json");
    Child process =
        Child.start(
            "the node",
            command(shop.nodeHeap(), config, ready),
            Map.of(),
            shop.folder(),
            shop.path("node.log"));
    shop.cleanup().add("stop the node", process::close);
    NodeFile file = new ObjectMapper().readValue(process.awaitFile(ready, LIMIT), NodeFile.class);
    NodeApi api = api(file);
    shop.cleanup().add("close the connection to the node", api::close);
    Node node =
        new Node(
            process,
            file,
            drives,
            api,
            new ForeignClient(shop.programs(), file.export(), file.nfsPort(), file.mountPort()),
            portFree && !api.get("datastore", DatastoreView.class).portmapper().isEmpty());
    tell(node);
    return node;
  }

  private static NodeApi api(NodeFile file) throws IOException {
    String token = Files.readString(Path.of(file.tokenFile())).strip();
    return new NodeApi(
        new RestClient(
            URI.create(file.rest()),
            token,
            new TlsTrust.Pinned(file.certificateSha256()).context()));
  }

  private void tell(Node node) {
    StatusView status = node.api().get("status", StatusView.class);
    if (status.activeDrives() != DRIVES) {
      throw DvxException.of(Kind.INTERNAL, "The node does not use all drives")
          .cause(status.summary())
          .build();
    }
    shop.narrator()
        .say(
            "dvx serve runs as process %d: NFS on port %d, MOUNT on %d, REST at %s.",
            node.process().pid(),
            node.file().nfsPort(),
            node.file().mountPort(),
            node.file().rest());
    shop.narrator()
        .say(
            "%d drives, every byte encrypted, deduplicated, compressed and erasure-coded; any %d of"
                + " the drives may be lost.",
            status.activeDrives(), status.toleratedLosses());
    if (!node.answersOnPort111()) {
      shop.narrator()
          .say(
              "Port 111 is taken or not allowed to us, so qemu-img, which asks there for the ports,"
                  + " sits this one out.");
    }
  }

  private static String configuration(Path data, List<Path> drives, boolean portmapper) {
    StringBuilder text = new StringBuilder();
    text.append("node:\n  name: demo\n  datastore: ").append(DATASTORE);
    text.append("\n  data: ").append(quoted(data));
    text.append("\ndrives:\n  folders:\n");
    for (Path drive : drives) {
      text.append("    - ").append(quoted(drive)).append('\n');
    }
    text.append("nfs:\n  listen: 127.0.0.1\n  port: 0\n  portmapper: ");
    text.append(quoted(portmapper ? "on" : "off")).append('\n');
    text.append("  exports:\n    - path: /dvx\n");
    text.append("    - {path: ").append(OVIRT).append(", folder: ").append(OVIRT);
    text.append(", owner: '36:36'}\n");
    text.append("rest:\n  listen: 127.0.0.1\n  port: 0\n");
    text.append("agents:\n  listen: 127.0.0.1\n  port: 0\n  settle: 0s\n");
    return text.toString();
  }

  private static String quoted(Object value) {
    return "'" + value.toString().replace("'", "''") + "'";
  }

  private static List<String> command(String heap, Path config, Path ready) {
    List<String> command = java();
    if (!heap.isEmpty()) {
      command.add(1, "-Xmx" + heap);
      command.add(1, "-XX:+ExitOnOutOfMemoryError");
    }
    command.add("org.opendvx.server.Main");
    command.addAll(
        List.of("serve", "--config", config.toString(), "--ready-file", ready.toString()));
    return command;
  }

  /** The same Java, class path and settings that this process runs with; a class is to follow. */
  static List<String> java() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (option.startsWith("--") || option.startsWith("-XX:") || option.startsWith("-Dsun.")) {
        command.add(option);
      }
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    return command;
  }

  private static boolean isListening(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), 1000);
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
