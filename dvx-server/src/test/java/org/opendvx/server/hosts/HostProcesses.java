package org.opendvx.server.hosts;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.pool.remote.RemoteSettings;
import org.opendvx.server.datanode.DataNode;
import org.opendvx.server.datanode.JoinedDataNode;
import org.opendvx.server.security.PrivateFiles;

/** A data node and hosts as processes, which a test kills, stops and starts again. */
final class HostProcesses implements AutoCloseable {
  private static final long START_SECONDS = 180;
  private static final long END_SECONDS = 60;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final Map<String, Process> running = new ConcurrentHashMap<>();
  private final Map<String, JsonNode> reached = new ConcurrentHashMap<>();
  private int port;

  HostProcesses(Path folder) {
    this.folder = folder;
  }

  /** Starts the data node, on the port that it had before if there was one. */
  void startDataNode() throws Exception {
    Path config = folder.resolve("datanode.yaml");
    Files.writeString(
        config,
        """
        datanode:
          data: %s
          port: %d
        drives:
          capacity: 6GiB
          folders: [%s, %s, %s]
        """
            .formatted(at("datanode"), port, at("d1"), at("d2"), at("d3")));
    JsonNode ready = start("datanode", List.of("datanode", "--config", config.toString()));
    port = ready.get("port").asInt();
  }

  /** Lets a host join the data node. */
  void join(String name) throws IOException {
    Path key = folder.resolve("pool.key");
    if (!Files.exists(key)) {
      byte[] secret = new byte[32];
      new java.security.SecureRandom().nextBytes(secret);
      PrivateFiles.write(key, secret);
    }
    configure(name, "");
    Path data = folder.resolve("datanode");
    JoinedDataNode.join(
        folder.resolve(name),
        RemoteSettings.of("127.0.0.1", port, DataNode.fingerprint(data)),
        name,
        DataNode.newToken(data, Duration.ofMinutes(10)));
  }

  /**
   * Writes a host's configuration.
   *
   * @param more keys of the section {@code host}, two blanks in front of each
   */
  void configure(String name, String more) throws IOException {
    Files.writeString(
        folder.resolve(name + ".yaml"),
        """
        node:
          name: %s
          data: %s
        pool:
          kind: remote
        keys:
          file: %s
        memory:
          read-cache: 16MiB
          dedupe-index: 8MiB
        nfs:
          port: 0
          portmapper: off
        rest:
          port: 0
        host:
          port: 0
        """
                .formatted(name, at(name), at("pool.key"))
            + more);
  }

  /** Starts hosts at once, and waits until all serve. */
  void startHosts(String... names) throws Exception {
    for (String name : names) {
      begin(name, List.of("host", "--config", at(name + ".yaml")));
    }
    for (String name : names) {
      awaitReady(name);
    }
  }

  private JsonNode start(String name, List<String> arguments) throws Exception {
    begin(name, arguments);
    return awaitReady(name);
  }

  /** Starts a forwarder on the port that a host had, to others, and waits until it listens. */
  void startForwarder(String name, String inPlaceOf, String... others) throws Exception {
    List<String> arguments =
        new ArrayList<>(List.of("forward", "--listen", "127.0.0.1:" + nfsPort(inPlaceOf)));
    for (String other : others) {
      arguments.addAll(List.of("--to", "127.0.0.1:" + nfsPort(other)));
    }
    launch(name, arguments);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!logs().contains("Forwarding ")) {
      if (!process(name).isAlive() || System.nanoTime() - deadline > 0) {
        throw new AssertionError(name + " does not forward: " + logs());
      }
      Thread.sleep(50);
    }
  }

  private void begin(String name, List<String> arguments) throws IOException {
    Files.deleteIfExists(folder.resolve(name + ".json"));
    List<String> all = new ArrayList<>(arguments);
    all.addAll(List.of("--ready-file", at(name + ".json")));
    launch(name, all);
  }

  private void launch(String name, List<String> arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx448m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "org.opendvx.server.Main"));
    command.addAll(arguments);
    running.put(
        name,
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(folder.resolve(name + ".log").toFile()))
            .start());
  }

  private JsonNode awaitReady(String name) throws Exception {
    Path file = folder.resolve(name + ".json");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!Files.exists(file)) {
      if (!process(name).isAlive() || System.nanoTime() - deadline > 0) {
        throw new AssertionError(name + " does not serve: " + logs());
      }
      Thread.sleep(50);
    }
    JsonNode ready = JSON.readTree(file.toFile());
    reached.put(name, ready);
    return ready;
  }

  private Process process(String name) {
    return Objects.requireNonNull(running.get(name), name);
  }

  private String at(String name) {
    return folder.resolve(name).toString();
  }

  /** The data folder of a node. */
  Path data(String name) {
    return folder.resolve(name);
  }

  /** Port of a host's NFS server. */
  int nfsPort(String name) {
    return Objects.requireNonNull(reached.get(name), name).get("nfsPort").asInt();
  }

  /**
   * Mounts the datastore at a host.
   *
   * @param callLimit after which a call without an answer fails
   * @param patience how long a call is repeated that is told to come again
   */
  NfsClient mount(String name, Duration callLimit, Duration patience) throws IOException {
    return NfsClient.mount(nfsPort(name), callLimit, patience);
  }

  /** SIGKILL. */
  void kill(String name) throws InterruptedException {
    Process process = process(name);
    process.destroyForcibly();
    if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError(name + " cannot be killed");
    }
    running.remove(name);
  }

  /** SIGTERM. */
  void end(String name) throws InterruptedException {
    Process process = process(name);
    process.destroy();
    if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError(name + " does not end: " + logs());
    }
    running.remove(name);
  }

  /** SIGSTOP, or SIGCONT. */
  void stop(String name, boolean now) throws Exception {
    Process signal =
        new ProcessBuilder("kill", now ? "-STOP" : "-CONT", Long.toString(process(name).pid()))
            .inheritIO()
            .start();
    if (!signal.waitFor(END_SECONDS, TimeUnit.SECONDS) || signal.exitValue() != 0) {
      throw new AssertionError(name + " cannot be stopped");
    }
  }

  /** What all of them have logged. */
  String logs() {
    StringBuilder text = new StringBuilder();
    try (var files = Files.newDirectoryStream(folder, "*.log")) {
      for (Path file : files) {
        text.append(file.getFileName()).append(":\n").append(Files.readString(file));
      }
    } catch (IOException e) {
      text.append(e);
    }
    return text.toString();
  }

  @Override
  public void close() {
    running.values().forEach(Process::destroyForcibly);
    running
        .values()
        .forEach(process -> process.onExit().orTimeout(END_SECONDS, TimeUnit.SECONDS).join());
  }
}
