package org.opendvx.server.lab;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.Json;
import org.opendvx.server.api.NodeFile;

/**
 * A data node and hosts as processes of this machine, which are killed, stopped and started. Every
 * wait has a limit. Calls that start and end processes come from one thread at a time.
 */
public final class HostLab implements AutoCloseable {
  /** The name of the data node among the processes. */
  public static final String DATA_NODE = LabFiles.DATA_NODE;

  private static final long START_SECONDS = 180;
  private static final long END_SECONDS = 60;

  private final Setup setup;
  private final LabFiles files;
  private final LabNetwork network;
  private final Thread hook = new Thread(this::endAll, "lab-end");
  private final Map<String, Process> running = new ConcurrentHashMap<>();

  /** Hosts that serve, and how they are reached. */
  private final Map<String, NodeFile> serving = new ConcurrentHashMap<>();

  private int port;

  /**
   * What a lab is made of.
   *
   * @param folder for everything: data folders, drives, configurations, logs
   * @param flags of each process's Java, such as {@link #SMALL}
   * @param drives of the data node
   * @param driveBytes of each of them
   */
  public record Setup(Path folder, List<String> flags, int drives, long driveBytes) {
    /** As few drives as two of them may be lost of without losing data. */
    public static final int DRIVES = 3;

    /** For many processes on a small machine, of which the speed does not matter. */
    public static final List<String> SMALL =
        List.of("-Xmx448m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    /** Takes the flags as they are. */
    public Setup {
      flags = List.copyOf(flags);
    }
  }

  /** A lab of which nothing is started. It ends with this process, be it interrupted. */
  public HostLab(Setup setup) throws IOException, InterruptedException {
    this.setup = setup;
    this.files = new LabFiles(setup.folder());
    this.network = LabNetwork.open(setup.folder());
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** How the processes reach each other. */
  public LabNetwork network() {
    return network;
  }

  /** Starts the data node, on the port that it had before if there was one. */
  public void startDataNode() throws IOException, InterruptedException {
    Path config =
        files.dataNode(network.address(DATA_NODE), port, setup.drives(), setup.driveBytes());
    begin(DATA_NODE, List.of("datanode", "--config", config.toString()));
    port = Json.lenient().readTree(awaitReady(DATA_NODE).toFile()).path("port").asInt();
  }

  /**
   * Configures a host and lets it join the data node, which runs.
   *
   * @param more see {@link #configure}
   */
  public void join(String host, String more) throws IOException, InterruptedException {
    configure(host, more);
    files.join(host, network.address(DATA_NODE), port);
  }

  /**
   * Writes a host's configuration.
   *
   * @param more keys of the section {@code host}, two blanks in front of each, and then whole
   *     sections; may be empty
   */
  public void configure(String host, String more) throws IOException, InterruptedException {
    Path _ = files.host(host, network.address(host), network.clients(), more);
  }

  /** Starts hosts at once; they serve when this returns. */
  public void start(List<String> hosts) throws IOException, InterruptedException {
    for (String host : hosts) {
      begin(host, List.of("host", "--config", at(host + ".yaml").toString()));
    }
    for (String host : hosts) {
      serving.put(host, Json.lenient().readValue(awaitReady(host).toFile(), NodeFile.class));
    }
  }

  /** A file or folder of the lab. */
  public Path at(String name) {
    return files.at(name);
  }

  private void begin(String name, List<String> arguments) throws IOException {
    Files.deleteIfExists(at(name + ".json"));
    List<String> all = new ArrayList<>(arguments);
    all.addAll(List.of("--ready-file", at(name + ".json").toString()));
    launch(name, name, all);
  }

  /**
   * Starts any command of the program; what it prints goes to the log of that name.
   *
   * @param where the process whose address it has, as a rule its own name
   */
  public void launch(String name, String where, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(network.prefix(where));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(setup.flags());
    command.addAll(learned());
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), "org.opendvx.server.Main"));
    command.addAll(arguments);
    running.put(
        name,
        new ProcessBuilder(command)
            .directory(setup.folder().toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(at(name + ".log").toFile()))
            .start());
  }

  /** What the JVM learned at the build, if this process has it. */
  private static List<String> learned() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> flag.startsWith("-XX:AOTCache=") || flag.startsWith("-Xlog:"))
        .toList();
  }

  private Path awaitReady(String name) throws InterruptedException {
    Path file = at(name + ".json");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!Files.exists(file)) {
      if (!isAlive(name) || System.nanoTime() - deadline > 0) {
        throw DvxException.of(Kind.UNAVAILABLE, name + " does not start")
            .cause("It ended, or did not serve within " + START_SECONDS + " s")
            .remedy("Look at its log; --keep keeps the folder of a measurement")
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

  /** Whether a process runs. */
  public boolean isAlive(String name) {
    return process(name).isAlive();
  }

  /** The hosts that serve now, by name. */
  public Map<String, NodeFile> serving() {
    return Map.copyOf(serving);
  }

  /** How a host that was started is reached, also after its death. */
  public NodeFile node(String host) throws IOException {
    return Json.lenient().readValue(at(host + ".json").toFile(), NodeFile.class);
  }

  /** SIGKILL of some at once; they are dead when this returns. */
  public void kill(List<String> some) throws InterruptedException {
    some.forEach(serving::remove);
    some.forEach(name -> process(name).destroyForcibly());
    for (String name : some) {
      awaitEnd(name);
    }
  }

  /** SIGTERM; it is over when this returns. */
  public void end(String name) throws InterruptedException {
    serving.remove(name);
    process(name).destroy();
    awaitEnd(name);
  }

  private void awaitEnd(String name) throws InterruptedException {
    if (!process(name).waitFor(END_SECONDS, TimeUnit.SECONDS)) {
      throw DvxException.of(Kind.TIMEOUT, name + " does not end")
          .cause("It was told to " + END_SECONDS + " s ago")
          .remedy("Look at its log")
          .detail("log", at(name + ".log"))
          .build();
    }
  }

  /** SIGSTOP, or SIGCONT. */
  public void pause(String name, boolean now) throws IOException, InterruptedException {
    Process signal =
        new ProcessBuilder("kill", now ? "-STOP" : "-CONT", Long.toString(process(name).pid()))
            .start();
    if (!signal.waitFor(END_SECONDS, TimeUnit.SECONDS) || signal.exitValue() != 0) {
      throw new IOException(name + " cannot be stopped, or let go on");
    }
  }

  /** What all of them have logged. */
  public String logs() {
    StringBuilder text = new StringBuilder();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(setup.folder(), "*.log")) {
      for (Path file : files) {
        text.append(file.getFileName()).append(":\n").append(Files.readString(file));
      }
    } catch (IOException e) {
      text.append(e);
    }
    return text.toString();
  }

  /** Kills all that runs. */
  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // This process ends already, and the hook does the same.
    }
    endAll();
  }

  private void endAll() {
    serving.clear();
    running.values().forEach(Process::destroyForcibly);
    for (Process process : running.values()) {
      try {
        boolean _ = process.waitFor(END_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
    network.close();
  }
}
