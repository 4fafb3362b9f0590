package org.opendvx.server.hosts;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code dvx host} as processes around {@code dvx datanode}, killed under load. */
class HostFailoverTest {
  private static final Duration CALL = Duration.ofSeconds(40);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int BLOCKS = 64;

  @TempDir private Path folder;
  private HostProcesses hosts;

  @BeforeEach
  void start() throws Exception {
    hosts = new HostProcesses(folder);
    hosts.startDataNode();
    for (String name : List.of("h1", "h2", "h3")) {
      hosts.join(name);
    }
    hosts.startHosts("h1", "h2", "h3");
  }

  @AfterEach
  void end() {
    hosts.close();
  }

  private NfsClient mount(String host) throws IOException {
    return NfsClient.mount(hosts.nfsPort(host), CALL, PATIENCE);
  }

  /** Writes one file as fast as it can, and goes on at the next host when one is gone. */
  private final class Writer extends Thread {
    private final String name;
    private final Blocks blocks;
    private final List<String> at;
    private final Random random;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final Map<String, Long> firstAt = new ConcurrentHashMap<>();
    private volatile boolean ending;
    private long writes;

    Writer(String name, long seed, List<String> at) {
      this.name = name;
      this.blocks = new Blocks(seed, BLOCKS);
      this.at = at;
      this.random = new Random(seed);
    }

    @Override
    public void run() {
      for (String host : at) {
        try {
          try (NfsClient client = mount(host)) {
            byte[] file = client.file(client.root(), name);
            while (!ending) {
              int block = random.nextInt(BLOCKS);
              long number = ++writes;
              blocks.begin(block, number);
              client.write(file, (long) block * Blocks.SIZE, blocks.content(block, number));
              blocks.acknowledged(block, number);
              firstAt.putIfAbsent(host, System.nanoTime());
            }
            return;
          }
        } catch (IOException e) {
          failure.set(e);
        } catch (RuntimeException | Error e) {
          failure.set(e);
          return;
        }
      }
    }

    /** When the first write there was acknowledged. */
    long awaitAt(String host) throws Exception {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
      Long first;
      while ((first = firstAt.get(host)) == null) {
        assertTrue(isAlive(), () -> "the writer ended: " + failure.get() + hosts.logs());
        assertTrue(System.nanoTime() - end < 0, () -> "no write at " + host + hosts.logs());
        Thread.sleep(5);
      }
      return first;
    }

    void finish() throws Exception {
      ending = true;
      join(TimeUnit.SECONDS.toMillis(90));
      assertTrue(!isAlive(), () -> "a write does not end: " + hosts.logs());
    }

    void verify(String host) throws IOException {
      try (NfsClient client = mount(host)) {
        byte[] file = client.lookup(client.root(), name).orElseThrow();
        for (int block = 0; block < BLOCKS; block++) {
          byte[] read = client.read(file, (long) block * Blocks.SIZE, Blocks.SIZE);
          blocks.check(block, read, name + " at " + host);
        }
      }
    }
  }

  @Test
  @Timeout(300)
  void theFilesOfAKilledHostAreSoonWritableElsewhereAndNothingAcknowledgedIsLost()
      throws Exception {
    List<Writer> writers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Writer writer = new Writer("file" + i, 7 + i, List.of("h1", "h2"));
      writers.add(writer);
      writer.start();
    }
    for (Writer writer : writers) {
      long _ = writer.awaitAt("h1");
    }
    Thread.sleep(2000);
    hosts.kill("h1");
    long killed = System.nanoTime();
    for (Writer writer : writers) {
      long took = writer.awaitAt("h2") - killed;
      System.out.printf("%s was written elsewhere after %d ms%n", writer.name, took / 1_000_000);
      assertTrue(took < TimeUnit.SECONDS.toNanos(30), () -> "late: " + took + hosts.logs());
    }
    for (Writer writer : writers) {
      writer.finish();
      writer.verify("h2");
      writer.verify("h3");
    }
    hosts.startHosts("h1");
    for (Writer writer : writers) {
      writer.verify("h1");
    }
  }
}
