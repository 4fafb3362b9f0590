package org.opendvx.server.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@code dvx serve} with the real engine, in a process that can be killed. */
public final class ServerProcess implements AutoCloseable {
  private static final long START_SECONDS = 120;
  private static final long END_SECONDS = 60;

  private final Process process;
  private final Path err;
  private final JsonNode ready;

  private ServerProcess(Process process, Path err, JsonNode ready) {
    this.process = process;
    this.err = err;
    this.ready = ready;
  }

  /**
   * Starts a server on free ports and waits until it serves.
   *
   * @param folder gets the data folder {@code data}, and the logs
   * @param more options of {@code dvx serve}
   */
  public static ServerProcess start(Path folder, String... more) throws Exception {
    Path readyFile = folder.resolve("ready.json");
    Files.deleteIfExists(readyFile);
    Path err = Files.createTempFile(folder, "serve", ".err");
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                "org.opendvx.server.Main",
                "serve",
                "--data",
                folder.resolve("data").toString(),
                "--ready-file",
                readyFile.toString(),
                "--nfs-port",
                "0",
                "--rest-port",
                "0",
                "--no-portmapper"));
    command.addAll(List.of(more));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(err.toFile())
            .start();
    boolean up = false;
    try {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
      while (!Files.exists(readyFile)) {
        if (!process.isAlive() || System.nanoTime() - deadline > 0) {
          throw new AssertionError("it does not serve: " + Files.readString(err));
        }
        Thread.sleep(50);
      }
      JsonNode ready = new ObjectMapper().readTree(readyFile.toFile());
      up = true;
      return new ServerProcess(process, err, ready);
    } finally {
      if (!up) {
        process.destroyForcibly();
      }
    }
  }

  /** The port of NFS and MOUNT. */
  public int nfsPort() {
    return ready.get("nfsPort").asInt();
  }

  /** The process. */
  public long pid() {
    return process.pid();
  }

  /** What it has logged. */
  public String log() throws IOException {
    return Files.readString(err);
  }

  /** SIGTERM; how it ended. */
  public int stop() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("the process does not stop");
    }
    return process.exitValue();
  }

  /** SIGKILL. */
  public void kill() throws InterruptedException {
    process.destroyForcibly();
    if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("the process cannot be killed");
    }
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().orTimeout(END_SECONDS, TimeUnit.SECONDS).join();
  }
}
