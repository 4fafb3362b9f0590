package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.coordinator.testing.Harness;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSnapshots;

/**
 * The real Windows agent and the real provider under Wine, as a service, against the real
 * coordinator and a real cut. What Wine lacks of VSS is played by windows-agent/fakes.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WindowsAgentTest {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final int SNAPSHOTS = Integer.getInteger("dvx.windows.snapshots", 10);

  private final AtomicBoolean stopped = new AtomicBoolean();
  private Path agent = Path.of("");
  private Path prefix = Path.of("");
  private Path output = Path.of("");
  private Harness harness;
  private VmRef vm;
  private Thread hypervisor;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException, InterruptedException {
    agent = root().resolve("windows-agent");
    prefix = folder.resolve("wine");
    output = folder.resolve("output");
    run(Duration.ofMinutes(10), "", "make", "-C", agent.toString(), "programs", "fakes");
    wine("", "prepare");
    write("ProgramData/DVX/agent.conf", settings());
    write("dvx-fakes/vmtoolsd.cmd", "@type C:\\dvx-fakes\\nonce.txt\r\n");
    harness = new Harness(folder.resolve("dvx"), Harness.Parts.usual());
    vm = harness.machine("sql1", "", macs()).ref();
    hypervisor = Thread.ofPlatform().name("guestinfo").start(this::passNonces);
    wine("", "agent", "install", "--no-start");
    wine(
        harness.token(vm) + "\n", "agent", "enroll", "--server", harness.server(), "--token-stdin");
    startService();
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    stopped.set(true);
    if (hypervisor != null) {
      hypervisor.join();
    }
    if (harness != null) {
      harness.close();
    }
    wine("", "stop");
  }

  @AfterEach
  void noFaults() throws IOException {
    Files.deleteIfExists(prefix.resolve("drive_c/dvx-fakes/vss-script.txt"));
  }

  @Test
  void aSqlServerVmIsSnapshotWithTheDocumentsOfItsWriters() {
    VmSnapshots.Taken taken = harness.snapshot(vm, SnapshotPolicy.REQUIRE);
    assertEquals(Consistency.APPLICATION, taken.point().consistency(), taken.point().reason());
    String document =
        new String(harness.snapshots().document(taken.point()).writers(), StandardCharsets.UTF_8);
    assertTrue(document.contains("writer=\"SqlServerWriter\""), document);
    assertTrue(document.contains("backupType=\"copy\""), document);
    assertTrue(taken.writesHeldMillis() < 8_000, "held " + taken.writesHeldMillis() + " ms");
  }

  @Test
  void writesAreHeldShortly() {
    List<Long> held = new ArrayList<>();
    for (int i = 0; i < SNAPSHOTS; i++) {
      VmSnapshots.Taken taken = harness.snapshot(vm, SnapshotPolicy.REQUIRE);
      held.add(taken.writesHeldMillis());
    }
    held.sort(null);
    System.out.printf(
        Locale.ROOT,
        "writes held over %d snapshots: p50 %d ms, p99 %d ms, most %d ms%n",
        SNAPSHOTS,
        held.get(SNAPSHOTS / 2),
        held.get(SNAPSHOTS * 99 / 100),
        held.getLast());
    assertTrue(held.getLast() < 8_000, held.toString());
  }

  @Test
  void aFailedWriterLowersTheLabelOrVoidsTheRestorePoint() throws IOException {
    script("writer.SqlServerWriter.failAt=freeze:800423F4");
    VmSnapshots.Taken taken = harness.snapshot(vm, SnapshotPolicy.TRY);
    assertEquals(Consistency.FILE_SYSTEM, taken.point().consistency());
    assertTrue(taken.point().reason().contains("SqlServerWriter"), taken.point().reason());
    int before = harness.points().size();
    assertThrows(DvxException.class, () -> harness.snapshot(vm, SnapshotPolicy.REQUIRE));
    assertEquals(before, harness.points().size());
  }

  @Test
  void aVetoOfVssVoidsTheRestorePoint() throws IOException {
    script("fail.CommitSnapshots=80042306");
    int before = harness.points().size();
    DvxException refused =
        assertThrows(DvxException.class, () -> harness.snapshot(vm, SnapshotPolicy.REQUIRE));
    assertTrue(refused.toString().contains("refused"), refused.toString());
    assertEquals(before, harness.points().size());
  }

  @Test
  void anAgentThatDiesAfterTheCutClaimsNothing() throws IOException, InterruptedException {
    script("killAgentBefore=PostCommitSnapshots");
    VmSnapshots.Taken taken = harness.snapshot(vm, SnapshotPolicy.TRY);
    assertFalse(
        taken.point().consistency() == Consistency.APPLICATION, taken.point().consistency() + "");
    noFaults();
    startService();
    assertEquals(
        Consistency.APPLICATION,
        harness.snapshot(vm, SnapshotPolicy.REQUIRE).point().consistency());
  }

  private void startService() throws IOException, InterruptedException {
    // Wine's service manager does not start a dead service anew, and needs a moment to see it die.
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!harness.connected(vm) && System.nanoTime() < end) {
      wine("", "run", "net", "start", "DvxAgent");
      Thread.sleep(500);
    }
    harness.awaitAgent(vm, LIMIT);
  }

  /** What VMware does with guestinfo: the nonce of the machine becomes readable inside of it. */
  private void passNonces() {
    String last = "";
    while (!stopped.get()) {
      String now = harness.inventory().read(vm);
      try {
        if (!now.equals(last)) {
          write("dvx-fakes/nonce.txt", now);
          last = now;
        }
        Thread.sleep(2);
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Wine shows the host's network cards. */
  private static List<String> macs() throws IOException {
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

  private static String settings() {
    return """
        windows.keyStore = user
        windows.volumeList = C:\\dvx-fakes\\volumes.txt
        windows.vmtoolsd = C:\\dvx-fakes\\vmtoolsd.cmd
        """;
  }

  private void script(String lines) throws IOException {
    write("dvx-fakes/vss-script.txt", lines + "\n");
  }

  private void write(String path, String text) throws IOException {
    Files.writeString(prefix.resolve("drive_c").resolve(path), text);
  }

  private void wine(String input, String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of(agent.resolve("test/wine-env").toString(), prefix.toString()));
    command.addAll(List.of(arguments));
    boolean mayFail = arguments[0].equals("run") || arguments[0].equals("stop");
    int exit = execute(LIMIT, input, command);
    assertTrue(exit == 0 || mayFail, () -> command + " ended with " + exit + ": " + printed());
  }

  private void run(Duration limit, String input, String... command)
      throws IOException, InterruptedException {
    int exit = execute(limit, input, List.of(command));
    assertEquals(0, exit, () -> List.of(command) + ": " + printed());
  }

  private int execute(Duration limit, String input, List<String> command)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
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

  private String printed() {
    try (Stream<String> lines = Files.lines(output, StandardCharsets.ISO_8859_1)) {
      return String.join("\n", lines.limit(100).toList());
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
