package org.opendvx.server.torture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.remote.RemoteSettings;
import org.opendvx.server.api.Json;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.datanode.DataNode;
import org.opendvx.server.datanode.JoinedDataNode;
import org.opendvx.server.security.PrivateFiles;

/** A data node and hosts as processes of this machine, which are killed, stopped and started. */
final class HostLab implements AutoCloseable {
  private static final String DATA_NODE = "datanode";
  private static final long START_SECONDS = 180;
  private static final long END_SECONDS = 30;
  private static final Duration TOKEN = Duration.ofMinutes(10);
  private static final int KEY = 32;

  private final Path folder;
  private final List<String> hosts;
  private final Map<String, Process> running = new ConcurrentHashMap<>();

  /** Hosts that serve, and how they are reached. */
  private final Map<String, NodeFile> serving = new ConcurrentHashMap<>();

  private int port;

  HostLab(Path folder, List<String> hosts) {
    this.folder = folder;
    this.hosts = List.copyOf(hosts);
  }

  /** Starts all for the first time; they serve when this returns. */
  void start() throws IOException, InterruptedException {
    startDataNode();
    byte[] key = new byte[KEY];
    new SecureRandom().nextBytes(key);
    PrivateFiles.write(at("pool.key"), key);
    for (String host : hosts) {
      join(host);
    }
    start(hosts);
  }

  void startDataNode() throws IOException, InterruptedException {
    Path config = at("datanode.yaml");
    Files.writeString(
        config,
        """
        datanode:
          data: %s
          port: %d
        drives:
          capacity: 4GiB
          folders: [%s, %s, %s]
        """
            .formatted(at(DATA_NODE), port, at("d1"), at("d2"), at("d3")));
    begin(DATA_NODE, List.of("datanode", "--config", config.toString()));
    port = Json.lenient().readTree(awaitReady(DATA_NODE).toFile()).path("port").asInt();
  }

  private void join(String host) throws IOException {
    Files.writeString(
        at(host + ".yaml"),
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
            .formatted(host, at(host), at("pool.key")));
    Path data = at(DATA_NODE);
    JoinedDataNode.join(
        at(host),
        RemoteSettings.of("127.0.0.1", port, DataNode.fingerprint(data)),
        host,
        DataNode.newToken(data, TOKEN));
  }

  /** Starts hosts at once; they serve when this returns. */
  void start(List<String> some) throws IOException, InterruptedException {
    for (String host : some) {
      begin(host, List.of("host", "--config", at(host + ".yaml").toString()));
    }
    for (String host : some) {
      serving.put(host, Json.lenient().readValue(awaitReady(host).toFile(), NodeFile.class));
    }
  }

  private Path at(String name) {
    return folder.resolve(name);
  }

  private void begin(String name, List<String> arguments) throws IOException {
    Files.deleteIfExists(at(name + ".json"));
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
    command.addAll(List.of("--ready-file", at(name + ".json").toString()));
    running.put(
        name,
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(at(name + ".log").toFile()))
            .start());
  }

  private Path awaitReady(String name) throws InterruptedException {
    Path file = at(name + ".json");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!Files.exists(file)) {
      if (!process(name).isAlive() || System.nanoTime() - deadline > 0) {
        throw DvxException.of(Kind.UNAVAILABLE, "A process does not start")
            .cause(name + " did not serve within " + START_SECONDS + " s")
            .remedy("Look at its log")
            .detail("log", at(name + ".log"))
            .build();
      }
      Thread.sleep(50);
    }
    return file;
  }

  private Process process(String name) {
    return Objects.requireNonNull(running.get(name), name);
  }

  /** The hosts that serve now, by name. */
  Map<String, NodeFile> serving() {
    return Map.copyOf(serving);
  }

  /** SIGKILL of some at once; they are dead when this returns. */
  void kill(List<String> some) throws InterruptedException {
    some.forEach(serving::remove);
    some.forEach(host -> process(host).destroyForcibly());
    for (String host : some) {
      if (!process(host).waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        throw new IllegalStateException(host + " cannot be killed");
      }
    }
  }

  /** SIGKILL of the data node. */
  void killDataNode() throws InterruptedException {
    kill(List.of(DATA_NODE));
  }

  /** SIGSTOP, or SIGCONT. */
  void pause(String host, boolean now) throws IOException, InterruptedException {
    Process signal =
        new ProcessBuilder("kill", now ? "-STOP" : "-CONT", Long.toString(process(host).pid()))
            .start();
    if (!signal.waitFor(END_SECONDS, TimeUnit.SECONDS) || signal.exitValue() != 0) {
      throw new IllegalStateException(host + " cannot be stopped");
    }
  }

  @Override
  public void close() {
    serving.clear();
    running.values().forEach(Process::destroyForcibly);
    for (Process process : running.values()) {
      try {
        boolean _ = process.waitFor(END_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
