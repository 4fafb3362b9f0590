package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** A network of its own, where port 111 is free: with loopback and nothing else. */
final class NetworkNamespace implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final long STOP_SECONDS = 10;

  private final Path folder;
  private final String name =
      "dvx-test-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
  private final List<Process> processes = new ArrayList<>();

  private NetworkNamespace(Path folder) {
    this.folder = folder;
  }

  /** Skips the test where namespaces cannot be made. */
  static void require() {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root for a namespace");
    ForeignTool.require("ip", "iproute2");
  }

  static NetworkNamespace create(Path folder) throws Exception {
    NetworkNamespace made = new NetworkNamespace(folder);
    ForeignTool.run(folder, "ip", "netns", "add", made.name);
    ForeignTool.run(folder, "ip", "-n", made.name, "link", "set", "lo", "up");
    return made;
  }

  /** Runs a command that must succeed; gives what it wrote. */
  String run(String... command) throws Exception {
    return ForeignTool.run(folder, inside(command));
  }

  /** Starts a command that runs until the namespace is closed; gives the file it writes to. */
  Path start(String... command) throws IOException {
    Path log = Files.createTempFile(folder, "log", ".txt");
    processes.add(
        new ProcessBuilder(inside(command))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start());
    return log;
  }

  /** Starts a server with a portmapper, and waits until its status shows a text. */
  void startServer(int port, String expected) throws Exception {
    Path log =
        start(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx1g",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            InMemoryNfsServer.class.getName(),
            Integer.toString(port),
            "portmap");
    Process server = processes.getLast();
    Waiting.until(
        "the server says " + expected,
        () -> {
          String text = Files.readString(log);
          assertTrue(server.isAlive(), text);
          return text.contains(expected);
        });
  }

  /** Ends what was started last. */
  void stopLast() {
    Process process = processes.removeLast();
    process.destroy();
    try {
      var _ = process.onExit().get(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException | InterruptedException | ExecutionException e) {
      process.destroyForcibly();
    }
  }

  @Override
  public void close() throws IOException {
    while (!processes.isEmpty()) {
      stopLast();
    }
    Process removal = new ProcessBuilder("ip", "netns", "del", name).inheritIO().start();
    assertEquals(0, removal.onExit().join().exitValue(), "removal of the namespace");
  }

  private String[] inside(String... command) {
    return ForeignTool.prefixed(List.of("ip", "netns", "exec", name), command);
  }
}
