package org.opendvx.server.bench.mobility;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.remote.RemoteSettings;
import org.opendvx.server.api.Json;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.cli.RestClient;
import org.opendvx.server.datanode.DataNode;
import org.opendvx.server.datanode.JoinedDataNode;
import org.opendvx.server.security.PrivateFiles;
import org.opendvx.server.simulator.Simulator;

/** A data node and hosts with flash, as processes of this machine. */
final class MobilityLab implements AutoCloseable {
  private static final long START_SECONDS = 180;
  private static final long END_SECONDS = 30;
  private static final Duration TOKEN = Duration.ofMinutes(10);
  private static final int KEY = 32;

  private final Path folder;
  private final String heap;
  private final List<String> hosts;
  private final Map<String, Process> running = new LinkedHashMap<>();
  private final Map<String, NodeFile> nodes = new LinkedHashMap<>();
  private final Map<String, RestClient> clients = new LinkedHashMap<>();

  /**
   * A lab that is not started yet.
   *
   * @param heap of each process, as -Xmx has it
   * @param hosts their names, in the order of the hypervisor hosts beside them
   */
  MobilityLab(Path folder, String heap, List<String> hosts) {
    this.folder = folder;
    this.heap = heap;
    this.hosts = List.copyOf(hosts);
  }

  List<String> hosts() {
    return hosts;
  }

  /**
   * Starts all; they serve when this returns.
   *
   * @param flashBytes of each host
   * @param driveBytes of each of the data node's three drives
   * @param cold the host that fetches nothing ahead
   */
  void start(long flashBytes, long driveBytes, String cold)
      throws IOException, InterruptedException {
    Path config = folder.resolve("datanode.yaml");
    Files.writeString(
        config,
        """
        datanode:
          data: %s
          port: 0
        drives:
          capacity: %d
          folders: [%s, %s, %s]
        """
            .formatted(at("datanode"), driveBytes, at("d1"), at("d2"), at("d3")));
    begin("datanode", List.of("datanode", "--config", config.toString()));
    int port = Json.lenient().readTree(awaitReady("datanode").toFile()).path("port").asInt();
    byte[] key = new byte[KEY];
    new SecureRandom().nextBytes(key);
    PrivateFiles.write(folder.resolve("pool.key"), key);
    for (String host : hosts) {
      join(host, port, flashBytes, host.equals(cold) ? "0" : "512MiB");
      begin(host, List.of("host", "--config", at(host + ".yaml").toString()));
    }
    for (String host : hosts) {
      NodeFile node = Json.lenient().readValue(awaitReady(host).toFile(), NodeFile.class);
      nodes.put(host, node);
      clients.put(host, RestClient.of(node));
    }
  }

  private void join(String host, int port, long flashBytes, String prefetchRate)
      throws IOException {
    Files.createDirectories(at("flash-" + host));
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
          dedupe-index: 32MiB
        flash:
          devices: [%s]
          capacity: %d
          index-memory: 32MiB
          prefetch-rate: %s
        nfs:
          port: 0
          portmapper: off
        rest:
          port: 0
        host:
          port: 0
          hypervisors: [%s]
        """
            .formatted(
                host,
                at(host),
                at("pool.key"),
                at("flash-" + host),
                flashBytes,
                prefetchRate,
                Simulator.host(hosts.indexOf(host))));
    Path data = at("datanode");
    JoinedDataNode.join(
        at(host),
        RemoteSettings.of("127.0.0.1", port, DataNode.fingerprint(data)),
        host,
        DataNode.newToken(data, TOKEN));
  }

  private Path at(String name) {
    return folder.resolve(name);
  }

  private void begin(String name, List<String> arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx" + heap,
                "-XX:+UseSerialGC",
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
            .redirectOutput(at(name + ".log").toFile())
            .start());
  }

  private Path awaitReady(String name) throws InterruptedException {
    Path file = at(name + ".json");
    Process process = Objects.requireNonNull(running.get(name));
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!Files.exists(file)) {
      if (!process.isAlive() || System.nanoTime() - deadline > 0) {
        throw DvxException.of(Kind.UNAVAILABLE, "A process of the measurement does not start")
            .cause(name + " did not serve within " + START_SECONDS + " s")
            .remedy("Look at its log; keep the folder with --keep")
            .detail("log", at(name + ".log"))
            .build();
      }
      Thread.sleep(50);
    }
    return file;
  }

  /** SIGKILL. */
  void kill(String host) throws InterruptedException {
    Process process = Objects.requireNonNull(running.get(host), host).destroyForcibly();
    if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
      throw DvxException.of(Kind.INTERNAL, host + " cannot be killed").build();
    }
  }

  NodeFile node(String host) {
    return Objects.requireNonNull(nodes.get(host), host);
  }

  RestClient client(String host) {
    return Objects.requireNonNull(clients.get(host), host);
  }

  @Override
  public void close() {
    clients.values().forEach(RestClient::close);
    running.values().forEach(Process::destroy);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(END_SECONDS);
    for (Process process : running.values()) {
      try {
        if (!process.waitFor(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException _) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }
}
