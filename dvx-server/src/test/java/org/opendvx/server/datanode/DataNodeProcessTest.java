package org.opendvx.server.datanode;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code dvx datanode} and {@code dvx serve} as processes, killed in turn, used by libnfs. */
class DataNodeProcessTest {
  private static final int SIZE = 24 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void endWhatWasStarted() throws InterruptedException {
    for (Process process : started) {
      process.destroyForcibly();
      process.waitFor(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void aDatastoreOverADataNodeSurvivesTheKillOfEither() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/nfs-cp")), "libnfs-utils is not there");
    Process datanode = datanode(0);
    JsonNode reached = ready(datanode, "datanode.json");
    int port = reached.get("port").asInt();
    join(port, reached.get("certificateSha256").asText());
    Process serve = serve();
    JsonNode node = ready(serve, "serve.json");

    Path first = file("first", 1);
    copy(first.toString(), url(node, "/first"));

    Path second = file("second", 2);
    Process copying = start("copy", List.of("nfs-cp", second.toString(), url(node, "/second")));
    Thread.sleep(300);
    kill(datanode);
    datanode = datanode(port);
    ready(datanode, "datanode.json");
    assertTrue(copying.waitFor(120, TimeUnit.SECONDS), "the client goes on");
    assertEquals(0, copying.exitValue(), this::logs);
    verify(node, first, second);

    kill(serve);
    serve = serve();
    node = ready(serve, "serve.json");
    verify(node, first, second);

    kill(datanode);
    kill(serve);
    ready(datanode(port), "datanode.json");
    node = ready(serve(), "serve.json");
    verify(node, first, second);
  }

  private void verify(JsonNode node, Path... files) throws Exception {
    for (Path file : files) {
      Path back = folder.resolve("back");
      Files.deleteIfExists(back);
      copy(url(node, "/" + file.getFileName()), back.toString());
      assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(back));
    }
  }

  private void join(int port, String fingerprint) throws Exception {
    run(dvx("datanode", "token", "--config", config(port), "--to-file", at("host.token")));
    Files.writeString(
        folder.resolve("serve.yaml"),
        """
        node:
          name: host1
          data: %s
        pool:
          kind: remote
        nfs:
          port: 0
          portmapper: off
        rest:
          port: 0
        """
            .formatted(at("host")));
    run(
        dvx(
            "host",
            "join",
            "--config",
            at("serve.yaml"),
            "--data-node",
            "127.0.0.1:" + port,
            "--fingerprint",
            fingerprint,
            "--token-file",
            at("host.token")));
  }

  private String config(int port) throws IOException {
    Files.writeString(
        folder.resolve("datanode.yaml"),
        """
        datanode:
          data: %s
          port: %d
        drives:
          capacity: 4GiB
          folders: [%s, %s, %s]
        rest:
          port: 0
        """
            .formatted(at("datanode"), port, at("d1"), at("d2"), at("d3")));
    return at("datanode.yaml");
  }

  private Process datanode(int port) throws IOException {
    Files.deleteIfExists(folder.resolve("datanode.json"));
    return start(
        "datanode", dvx("datanode", "--config", config(port), "--ready-file", at("datanode.json")));
  }

  private Process serve() throws IOException {
    Files.deleteIfExists(folder.resolve("serve.json"));
    return start(
        "serve", dvx("serve", "--config", at("serve.yaml"), "--ready-file", at("serve.json")));
  }

  private String at(String name) {
    return folder.resolve(name).toString();
  }

  private Path file(String name, long seed) throws IOException {
    byte[] bytes = new byte[SIZE];
    new Random(seed).nextBytes(bytes);
    return Files.write(folder.resolve(name), bytes);
  }

  private static String url(JsonNode node, String path) {
    return "nfs://127.0.0.1"
        + node.get("export").asText()
        + path
        + "?nfsport="
        + node.get("nfsPort").asInt()
        + "&mountport="
        + node.get("mountPort").asInt();
  }

  /** Copies with libnfs, which has been seen to hang: tried twice. */
  private void copy(String from, String to) throws Exception {
    for (int attempt = 0; attempt < 2; attempt++) {
      Process copying = start("copy", List.of("nfs-cp", from, to));
      if (copying.waitFor(90, TimeUnit.SECONDS)) {
        assertEquals(0, copying.exitValue(), this::logs);
        return;
      }
      copying.destroyForcibly();
    }
    throw new AssertionError("nfs-cp hangs: " + logs());
  }

  private void run(List<String> command) throws Exception {
    Process process = start("command", command);
    assertTrue(process.waitFor(120, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), this::logs);
  }

  private static List<String> dvx(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "org.opendvx.server.Main"));
    command.addAll(List.of(arguments));
    return command;
  }

  private Process start(String name, List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(folder.resolve(name + ".log").toFile()))
            .start();
    started.add(process);
    return process;
  }

  private static void kill(Process process) throws InterruptedException {
    process.destroyForcibly();
    assertTrue(process.waitFor(30, TimeUnit.SECONDS));
  }

  private JsonNode ready(Process process, String name) throws Exception {
    Path file = folder.resolve(name);
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
    while (!Files.exists(file)) {
      assertTrue(process.isAlive(), () -> "it ended: " + logs());
      assertTrue(System.nanoTime() - deadline < 0, () -> "not ready: " + logs());
      Thread.sleep(50);
    }
    return JSON.readTree(file.toFile());
  }

  private String logs() {
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
}
