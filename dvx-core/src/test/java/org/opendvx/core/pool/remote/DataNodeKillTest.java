package org.opendvx.core.pool.remote;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.pool.local.LocalPool;

/** A data node that is killed again and again under load loses nothing, and its clients go on. */
class DataNodeKillTest {
  private static final int ROUNDS = 6;

  @TempDir private Path folder;

  @Test
  void clientsStallAndGoOn() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Path key = folder.resolve("datanode.p12");
    TestIdentity.make(key, "datanode");
    LocalPool.create(TestDataNode.config(folder, 3));
    Process node = start(key, 0);
    try {
      int port = port(node);
      RemoteSettings settings =
          RemoteSettings.of("127.0.0.1", port, TestIdentity.read(key).fingerprint())
              .withCallLimit(Duration.ofSeconds(90));
      try (RemotePool pool = RemotePool.open(settings, TestIdentity.of("host-a"));
          RemotePoolTest.Load load = new RemotePoolTest.Load(pool)) {
        for (int i = 0; i < ROUNDS; i++) {
          Thread.sleep(random.nextInt(600));
          node.destroyForcibly();
          assertTrue(node.waitFor(30, TimeUnit.SECONDS));
          node = start(key, port);
          port(node);
        }
        Thread.sleep(200);
        load.stop();
        load.verify();
      }
    } finally {
      node.destroyForcibly();
      node.waitFor(30, TimeUnit.SECONDS);
    }
  }

  private Process start(Path key, int port) throws IOException {
    Files.deleteIfExists(folder.resolve("ready"));
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules",
            "jdk.incubator.vector",
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            DataNodeVictim.class.getName(),
            folder.toString(),
            Integer.toString(port),
            key.toString(),
            TestIdentity.of("host-a").fingerprint(),
            folder.resolve("ready").toString())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
        .start();
  }

  private int port(Process node) throws IOException {
    Path ready = folder.resolve("ready");
    RemotePoolTest.await("the data node starts", () -> Files.exists(ready) || !node.isAlive());
    assertTrue(node.isAlive(), () -> log());
    return Integer.parseInt(Files.readString(ready));
  }

  private String log() {
    try {
      return Files.readString(folder.resolve("log"));
    } catch (IOException e) {
      return e.toString();
    }
  }
}
