package org.opendvx.server.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.server.testing.ServerProcess;
import picocli.CommandLine;

/**
 * The real engine in a process of its own, killed under writes over NFS, and its drives pulled: a
 * short form of bench/kill-loop and bench/drive-pull.
 */
@Timeout(300)
class KillAndPullTest {
  private static final long LIMIT_SECONDS = 120;

  @TempDir private Path folder;

  private final Random random = new Random(seed());

  private record Run(int code, String text) {}

  private static long seed() {
    long seed = System.nanoTime();
    System.out.println("kills and pulls, seed " + seed);
    return seed;
  }

  @Test
  void acknowledgedWritesSurviveSigkill() throws Exception {
    for (String stable : List.of("file_sync", "unstable", "file_sync")) {
      try (ServerProcess server = ServerProcess.start(folder)) {
        checkAcknowledged(server);
        CompletableFuture<Run> load =
            inBackground(
                server, "--mode", "randwrite", "--stable", stable, "--on-disconnect", "fail");
        awaitWrites(load);
        Thread.sleep(random.nextInt(700));
        server.kill();
        assertEquals(1, ended(load).code(), "the load outlived its server");
      }
    }
    try (ServerProcess server = ServerProcess.start(folder)) {
      checkAcknowledged(server);
    }
  }

  @Test
  void twoDrivesMayBePulledAndAThirdStopsWrites() throws Exception {
    int first = 1 + random.nextInt(6);
    int second = 1 + (first + random.nextInt(5)) % 6;
    int third = 1 + (Math.max(first, second) % 6);
    while (third == first || third == second) {
      third = 1 + third % 6;
    }
    try (ServerProcess server = ServerProcess.start(folder)) {
      CompletableFuture<Run> load = inBackground(server, "--mode", "mixed", "--verify");
      awaitWrites(load);
      pull(first);
      Thread.sleep(random.nextInt(300));
      pull(second);
      Run run = ended(load);
      assertEquals(0, run.code(), run.text());
      server.kill();
    }
    try (ServerProcess server = ServerProcess.start(folder)) {
      checkAcknowledged(server);
      CompletableFuture<Run> load =
          inBackground(
              server, "--mode", "randwrite", "--error-limit", "1", "--on-disconnect", "fail");
      awaitWrites(load);
      pull(third);
      Run stopped = ended(load);
      assertEquals(1, stopped.code(), stopped.text());
      assertTrue(stopped.text().contains("NFS3ERR_IO"), stopped.text());
      putBack(third);
      writesGoOn(server);
      putBack(first);
      putBack(second);
      writesGoOn(server);
      checkAcknowledged(server);
      server.kill();
    }
    try (ServerProcess server = ServerProcess.start(folder)) {
      checkAcknowledged(server);
    }
  }

  private void pull(int drive) throws IOException {
    Files.move(folder.resolve("data/drive" + drive), folder.resolve("data/pulled" + drive));
  }

  private void putBack(int drive) throws IOException {
    Files.move(folder.resolve("data/pulled" + drive), folder.resolve("data/drive" + drive));
  }

  private Path acknowledged() {
    return folder.resolve("acks");
  }

  private void checkAcknowledged(ServerProcess server) throws IOException {
    if (Files.exists(acknowledged())) {
      Run run = bench(server, "--check-acks", acknowledged().toString());
      assertEquals(0, run.code(), () -> run.text() + log(server));
    }
  }

  private static String log(ServerProcess server) {
    try {
      return server.log();
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Until the pool takes writes again. */
  private void writesGoOn(ServerProcess server) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    Run run;
    do {
      run = load(server, "--mode", "randwrite", "--time", "0.3");
      assertTrue(System.nanoTime() - deadline < 0, run.text() + log(server));
    } while (run.code() != 0);
  }

  private CompletableFuture<Run> inBackground(ServerProcess server, String... options)
      throws IOException {
    // Its growth tells that writes of this load have been acknowledged.
    Files.writeString(folder.resolve("before"), Long.toString(acknowledgedBytes()));
    return CompletableFuture.supplyAsync(() -> load(server, options));
  }

  private long acknowledgedBytes() throws IOException {
    return Files.exists(acknowledged()) ? Files.size(acknowledged()) : 0;
  }

  private void awaitWrites(CompletableFuture<Run> load) throws Exception {
    long before = Long.parseLong(Files.readString(folder.resolve("before")));
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (acknowledgedBytes() <= before + 1000 && !load.isDone()) {
      assertTrue(System.nanoTime() - deadline < 0, "nothing is written");
      Thread.sleep(20);
    }
  }

  private static Run ended(CompletableFuture<Run> load) throws Exception {
    return load.get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private Run load(ServerProcess server, String... options) {
    List<String> words =
        new ArrayList<>(
            List.of(
                "--size", "4M",
                "--block-size", "4k",
                "--commit-every", "256k",
                "--queue-depth", "8",
                "--warm-up", "0",
                "--seed", "1",
                "--ack-log", acknowledged().toString()));
    words.addAll(List.of(options));
    if (!words.contains("--time")) {
      words.addAll(List.of("--time", "3"));
    }
    return bench(server, words.toArray(String[]::new));
  }

  private static Run bench(ServerProcess server, String... options) {
    String port = "" + server.nfsPort();
    List<String> words =
        new ArrayList<>(List.of("nfs", "--target", "127.0.0.1:/dvx", "-o", "json"));
    words.addAll(List.of("--nfs-port", port, "--mount-port", port, "--call-timeout", "60"));
    words.addAll(List.of(options));
    StringWriter text = new StringWriter();
    CommandLine command =
        new CommandLine(new BenchCommand())
            .setOut(new PrintWriter(text))
            .setErr(new PrintWriter(text))
            .setExecutionExceptionHandler(
                (error, line, _) -> {
                  if (error instanceof DvxException told) {
                    line.getErr().println(told.render());
                    return 1;
                  }
                  throw error;
                });
    int code = command.execute(words.toArray(String[]::new));
    return new Run(code, text.toString());
  }
}
