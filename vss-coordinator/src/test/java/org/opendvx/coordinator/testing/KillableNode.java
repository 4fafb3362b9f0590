package org.opendvx.coordinator.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.vm.VmRef;

/** A node in a process of its own, with one machine; killed and started again on the same disks. */
public final class KillableNode implements GuestNode, AutoCloseable {
  private static final Duration LIMIT = Duration.ofMinutes(3);
  private static final String GONE = "gone";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final String id;
  private final List<String> macs;
  private @Nullable Process process;
  private @Nullable BufferedWriter commands;
  private LinkedBlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private List<String> points = List.of();
  private volatile String[] state = {"false", "false", ""};

  /** One that is not started yet. */
  public KillableNode(Path folder, String id, List<String> macs) {
    this.folder = folder;
    this.id = id;
    this.macs = macs;
  }

  /**
   * Starts it.
   *
   * @return the port at which it awaits agents
   */
  public int start() throws IOException, InterruptedException {
    LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
    Process started =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx512m",
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                NodeMain.class.getName(),
                folder.toString(),
                id,
                String.join(",", macs))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    process = started;
    commands = started.outputWriter();
    answers = lines;
    state = new String[] {"false", "false", ""};
    Thread.ofVirtual().start(() -> read(started, lines));
    List<String> found = new ArrayList<>();
    while (true) {
      String line = next();
      if (line.startsWith("point ")) {
        found.add(line.substring("point ".length()));
      } else {
        points = found;
        return Integer.parseInt(line.substring("port ".length()));
      }
    }
  }

  private void read(Process from, LinkedBlockingQueue<String> lines) {
    try (BufferedReader reader = from.inputReader()) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (line.startsWith("NODE state ")) {
          state = line.substring("NODE state ".length()).split(" ", -1);
        } else if (line.startsWith("NODE ")) {
          lines.add(line.substring("NODE ".length()));
        }
      }
    } catch (IOException e) {
      // It was killed in the middle of a line.
      state = new String[] {"false", "false", ""};
    }
    lines.add(GONE);
  }

  private String next() throws InterruptedException {
    String line = answers.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    if (line == null || line.equals(GONE)) {
      throw new AssertionError(line == null ? "the node says nothing" : "the node has ended");
    }
    return line;
  }

  private void command(String line) throws IOException {
    BufferedWriter to = commands;
    if (to == null) {
      throw new IllegalStateException("it is not started");
    }
    to.write(line + "\n");
    to.flush();
  }

  /** The restore points that it found when it was started: label, blank, reason. */
  public List<String> points() {
    return points;
  }

  /**
   * Has it take a snapshot, which stands still at a stage.
   *
   * @param halt {@code BEFORE_CUT}, {@code AFTER_CUT}, or a word that is no stage
   */
  public void snapshot(String halt) throws IOException {
    command("snapshot " + halt);
  }

  /** Waits for a line that begins so. */
  public String await(String beginning) throws InterruptedException {
    String line = next();
    while (!line.startsWith(beginning)) {
      line = next();
    }
    return line;
  }

  /** Ends it as a loss of power does. */
  public void kill() throws InterruptedException {
    Process running = process;
    if (running != null) {
      running.destroyForcibly();
      if (!running.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError("the node cannot be killed");
      }
      state = new String[] {"false", "false", ""};
    }
  }

  /** The lines of its audit log. */
  public List<JsonNode> records() throws IOException {
    List<JsonNode> records = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve("audit.log"))) {
      records.add(JSON.readTree(line));
    }
    return records;
  }

  @Override
  public String token(VmRef vm) throws IOException {
    command("token");
    try {
      return await("token ").substring("token ".length());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  @Override
  public boolean connected(VmRef vm) {
    return state[0].equals("true");
  }

  @Override
  public boolean ready(VmRef vm) {
    return state[1].equals("true");
  }

  @Override
  public String nonce(VmRef vm) {
    return state.length > 2 ? state[2] : "";
  }

  @Override
  public void close() {
    Process running = process;
    if (running != null) {
      running.destroyForcibly();
    }
  }
}
