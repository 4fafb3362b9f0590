package org.opendvx.server.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.security.PrivateFiles;

/** {@code dvx serve} as a process of its own, with the real engine. */
class ServeProcessTest {
  private static final Duration START = Duration.ofMinutes(2);
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void endWhatWasStarted() {
    started.forEach(Process::destroyForcibly);
  }

  @Test
  void servesRefusesASecondProcessStopsCleanlyAndStartsAgain() throws Exception {
    Process first = serve("first", "--log-json");
    JsonNode ready = ready(first);
    assertEquals(first.pid(), ready.get("pid").asLong());
    assertEquals(ready, JSON.readTree(folder.resolve("data/node.json").toFile()));
    String banner = Files.readString(folder.resolve("first.out"));
    assertTrue(banner.contains("mount -t nfs -o vers=3"), banner);
    assertTrue(banner.contains(ready.get("tokenFile").asText()), banner);

    Process second = serve("second");
    assertTrue(second.waitFor(START.toSeconds(), TimeUnit.SECONDS));
    String refusal = Files.readString(folder.resolve("second.err"));
    assertEquals(1, second.exitValue(), refusal);
    assertTrue(refusal.contains("error: The data folder is in use"), refusal);
    assertTrue(refusal.contains("process " + first.pid()), refusal);
    assertTrue(refusal.contains("  to do:"), refusal);

    first.destroy();
    assertTrue(first.waitFor(60, TimeUnit.SECONDS), "no clean stop");
    assertEquals(0, first.exitValue());
    assertFalse(Files.exists(folder.resolve("data/node.json")));
    logIsJsonWithoutSecrets();

    Files.delete(folder.resolve("ready.json"));
    Process again = serve("again");
    assertEquals(ready.get("certificateSha256"), ready(again).get("certificateSha256"));
    again.destroyForcibly();
    assertTrue(again.waitFor(60, TimeUnit.SECONDS));

    Files.delete(folder.resolve("ready.json"));
    Process afterCrash = serve("after");
    ready(afterCrash);
  }

  @Test
  void aNewerFormatIsRefusedUntouched() throws Exception {
    Path data = Files.createDirectory(folder.resolve("data"));
    PrivateFiles.write(
        data.resolve("format.json"), "{\"format\":2}".getBytes(StandardCharsets.UTF_8));
    Process node = serve("newer");
    assertTrue(node.waitFor(START.toSeconds(), TimeUnit.SECONDS));
    assertEquals(1, node.exitValue());
    String refusal = Files.readString(folder.resolve("newer.err"));
    assertTrue(refusal.contains("unknown format"), refusal);
    assertEquals("{\"format\":2}", Files.readString(data.resolve("format.json")));
    assertFalse(Files.exists(data.resolve("tokens.json")));
  }

  private void logIsJsonWithoutSecrets() throws IOException {
    String log = Files.readString(folder.resolve("first.err"));
    List<String> lines = log.lines().filter(line -> line.startsWith("{")).toList();
    assertTrue(lines.size() > 3, log);
    for (String line : lines) {
      assertTrue(JSON.readTree(line).has("formattedMessage"), line);
    }
    String token = PrivateFiles.readSecret(folder.resolve("data/admin.token"));
    assertFalse(log.contains(token.substring(12)), "the log holds the token");
  }

  private Process serve(String name, String... more) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                "org.opendvx.server.Main",
                "serve",
                "--data",
                folder.resolve("data").toString(),
                "--ready-file",
                folder.resolve("ready.json").toString(),
                "--nfs-port",
                "0",
                "--rest-port",
                "0",
                "--no-portmapper"));
    command.addAll(List.of(more));
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(folder.resolve(name + ".out").toFile())
            .redirectError(folder.resolve(name + ".err").toFile())
            .start();
    started.add(process);
    return process;
  }

  private JsonNode ready(Process process) throws Exception {
    Path file = folder.resolve("ready.json");
    await(() -> Files.exists(file) || !process.isAlive());
    assertTrue(process.isAlive(), () -> "it ended: " + logs());
    return JSON.readTree(file.toFile());
  }

  private String logs() {
    StringBuilder text = new StringBuilder();
    try (var files = Files.newDirectoryStream(folder, "*.err")) {
      for (Path file : files) {
        text.append(file.getFileName()).append(":\n").append(Files.readString(file));
      }
    } catch (IOException e) {
      text.append(e);
    }
    return text.toString();
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + START.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() - deadline < 0, "not ready in time");
      Thread.sleep(50);
    }
  }
}
