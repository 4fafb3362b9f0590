package org.opendvx.coordinator.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.NetworkInterface;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.opendvx.core.vm.VmRef;

/**
 * A Windows guest of its own: a Wine prefix with the real agent as a service and the real provider,
 * enrolled for a machine of a harness. What Wine lacks of VSS is played by windows-agent/fakes.
 */
public final class WineGuest {
  /** For whatever Wine does; other builds may want the machine, too. */
  public static final Duration LIMIT = Duration.ofMinutes(3);

  /** After which a process that Wine killed is taken for one that Wine cannot end. */
  private static final Duration BURIAL = Duration.ofSeconds(20);

  private static final String SCRIPT = "dvx-fakes/vss-script.txt";
  private static final String LOG = "dvx-fakes/vss-log.txt";

  private final AtomicBoolean stopped = new AtomicBoolean();
  private final Path agent = root().resolve("windows-agent");
  private final Path folder;
  private final Path prefix;
  private final GuestNode node;
  private final Path faults;
  private final VmRef vm;
  private final Thread hypervisor;

  /** Whether a fault was to kill the agent since it was last seen ready. */
  private volatile boolean killed;

  /**
   * Builds the programs if they are not, and starts the guest.
   *
   * @param node which knows the machine
   * @param server what the agent connects to
   */
  public WineGuest(Path folder, GuestNode node, VmRef vm, String server)
      throws IOException, InterruptedException {
    this.folder = folder;
    this.prefix = folder.resolve("wine");
    this.node = node;
    this.faults = Files.write(folder.resolve("guest-faults"), new byte[2 * Long.BYTES]);
    this.vm = vm;
    this.hypervisor = Thread.ofPlatform().name("guestinfo").unstarted(this::passNonces);
    Path printed = folder.resolve("make.txt");
    List<String> make = List.of("make", "-C", agent.toString(), "all");
    assertEquals(0, execute(Duration.ofMinutes(15), "", printed, make), () -> text(printed));
    boolean started = false;
    try {
      wine("", "prepare");
      write("ProgramData/DVX/agent.conf", settings());
      write("dvx-fakes/vmtoolsd.cmd", "@type C:\\dvx-fakes\\nonce.txt\r\n");
      hypervisor.start();
      wine("", "agent", "install", "--no-start");
      wine(node.token(vm) + "\n", "agent", "enroll", "--server", server, "--token-stdin");
      startService();
      started = true;
    } finally {
      if (!started) {
        stop();
      }
    }
  }

  /** Addresses of the network cards that a guest shows: Wine shows the host's. */
  public static List<String> macs() throws IOException {
    List<String> macs = new ArrayList<>();
    for (NetworkInterface card : NetworkInterface.networkInterfaces().toList()) {
      byte[] address = card.getHardwareAddress();
      if (address != null && address.length == 6) {
        macs.add(HexFormat.ofDelimiter(":").formatHex(address));
      }
    }
    assertFalse(macs.isEmpty(), "this machine has no network card for Wine to show");
    return macs;
  }

  /**
   * Starts the service if its agent is not connected, and waits until it may be asked to freeze.
   */
  public void startService() throws IOException, InterruptedException {
    // Wine's service manager does not start a dead service anew, and needs a moment to see it die.
    // A connection may look alive for as long as Wine has not buried the process that was killed.
    long start = System.nanoTime();
    long end = start + LIMIT.toNanos();
    long patience = start + BURIAL.toNanos();
    while (killed && node.connected(vm)) {
      if (System.nanoTime() > patience) {
        System.out.println("Agents that Wine did not bury: " + endAgents());
        patience = System.nanoTime() + BURIAL.toNanos();
      }
      assertTrue(System.nanoTime() < end, "the killed agent's connection stays");
      Thread.sleep(20);
    }
    killed = false;
    while (!node.ready(vm)) {
      assertTrue(System.nanoTime() < end, () -> "the agent is not ready: " + text(agentLog()));
      if (!node.connected(vm)) {
        if (System.nanoTime() > patience) {
          System.out.println("Agents that were dead for Wine but not gone: " + endAgents());
          patience = System.nanoTime() + BURIAL.toNanos();
        }
        wine("", "run", "net", "start", "DvxAgent");
        for (int i = 0; i < 100 && !node.connected(vm); i++) {
          Thread.sleep(20);
        }
      }
      Thread.sleep(20);
    }
  }

  /** Kills the agents of this guest from outside, as no process within a guest can. */
  private List<Long> endAgents() {
    String mark = "WINEPREFIX=" + prefix;
    List<Long> ended = new ArrayList<>();
    ProcessHandle.allProcesses()
        .filter(process -> read(process, "cmdline").contains("dvx-agent.exe"))
        .filter(process -> List.of(read(process, "environ").split("\0", -1)).contains(mark))
        .filter(ProcessHandle::destroyForcibly)
        .forEach(process -> ended.add(process.pid()));
    return ended;
  }

  private static String read(ProcessHandle process, String file) {
    try {
      Path path = Path.of("/proc", Long.toString(process.pid()), file);
      return Files.readString(path, StandardCharsets.ISO_8859_1);
    } catch (IOException _) {
      return "";
    }
  }

  /** Moves the guest's time of day; its monotonic clock goes on. */
  public void clock(Duration off) throws IOException {
    fault(0, off.toSeconds());
  }

  /** Lets no byte be written into the agent's data folder. */
  public void diskFull(boolean full) throws IOException {
    fault(1, full ? 1 : 0);
  }

  private void fault(int which, long value) throws IOException {
    try (FileChannel file = FileChannel.open(faults, StandardOpenOption.WRITE)) {
      ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
      file.write(number.putLong(value).flip(), (long) which * Long.BYTES);
    }
  }

  /** The agent's own log. */
  public Path agentLog() {
    return drive("ProgramData/DVX/agent.log");
  }

  /** The setup program, as an administrator sees it. */
  public String setup() throws IOException {
    Path program = agent.resolve("target/dvx-agent-setup.exe");
    Files.copy(program, drive("setup.exe"), StandardCopyOption.REPLACE_EXISTING);
    return "C:\\setup.exe";
  }

  /** The faults of the next freeze; empty for none. Forgets what the simulator wrote down. */
  public void script(String lines) throws IOException {
    Files.deleteIfExists(drive(LOG));
    killed |= lines.contains("killAgent");
    if (lines.isEmpty()) {
      Files.deleteIfExists(drive(SCRIPT));
    } else {
      write(SCRIPT, lines + "\n");
    }
  }

  /** What the simulator wrote down since the last script: milliseconds, space, text. */
  public List<String> log() throws IOException {
    return Files.exists(drive(LOG))
        ? Files.readAllLines(drive(LOG), StandardCharsets.ISO_8859_1)
        : List.of();
  }

  /** Waits for a line with this text. */
  public void awaitLog(String text) throws IOException, InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (log().stream().noneMatch(line -> line.contains(text))) {
      assertTrue(System.nanoTime() < end, () -> "the simulator never said: " + text);
      Thread.sleep(20);
    }
  }

  /**
   * Runs a command of wine-env in the guest.
   *
   * @return what it printed
   */
  public String wine(String input, String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of(agent.resolve("test/wine-env").toString(), prefix.toString()));
    command.addAll(List.of(arguments));
    boolean mayFail = arguments[0].equals("run") || arguments[0].equals("stop");
    Path printed = Files.createTempFile(folder, "wine", ".txt");
    int exit = execute(LIMIT, input, printed, command);
    assertTrue(
        exit == 0 || mayFail,
        () -> String.join(" ", arguments) + " ended with " + exit + ": " + text(printed));
    return text(printed);
  }

  /** Ends all that runs in it. */
  public void stop() throws IOException, InterruptedException {
    stopped.set(true);
    if (hypervisor.isAlive()) {
      hypervisor.join();
    }
    wine("", "stop");
  }

  /** What VMware does with guestinfo: the nonce of the machine becomes readable inside of it. */
  private void passNonces() {
    String last = "";
    while (!stopped.get()) {
      String now = node.nonce(vm);
      try {
        if (!now.equals(last)) {
          write("dvx-fakes/nonce.txt", now);
          last = now;
        }
        Thread.sleep(5);
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static String settings() {
    return """
        reconnectMillis = 200
        reconnectLongestSeconds = 1
        windows.keyStore = user
        windows.volumeList = C:\\dvx-fakes\\volumes.txt
        windows.vmtoolsd = C:\\dvx-fakes\\vmtoolsd.cmd
        """;
  }

  private void write(String path, String text) throws IOException {
    Files.writeString(drive(path), text);
  }

  private Path drive(String path) {
    return prefix.resolve("drive_c").resolve(path);
  }

  private int execute(Duration limit, String input, Path printed, List<String> command)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(printed.toFile());
    if (!command.getFirst().equals("make")) {
      builder.environment().put("DVX_GUEST_FAULTS", faults.toString());
    }
    Process process = builder.start();
    try {
      try (var stdin = process.outputWriter()) {
        stdin.write(input);
      }
      assertTrue(process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS), command + " hangs");
      return process.exitValue();
    } finally {
      process.destroyForcibly();
    }
  }

  private static String text(Path printed) {
    try (Stream<String> lines = Files.lines(printed, StandardCharsets.ISO_8859_1)) {
      return String.join("\n", lines.limit(200).toList());
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve(".mvn"))) {
      folder =
          Optional.ofNullable(folder.getParent())
              .orElseThrow(() -> new AssertionError("no folder above the module holds .mvn"));
    }
    return folder;
  }
}
