package org.opendvx.server.hosts;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Writes one file as fast as it can, and goes on at the next host when one is gone. */
final class BlockWriter extends Thread {
  static final Duration CALL = Duration.ofSeconds(60);
  static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final int BLOCKS = 64;
  private static final long LIMIT_SECONDS = 120;

  private final HostProcesses hosts;
  private final String name;
  private final Blocks blocks;
  private final List<String> at;
  private final Random random;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final Map<String, Long> firstAt = new ConcurrentHashMap<>();
  private volatile boolean ending;
  private long writes;

  BlockWriter(HostProcesses hosts, String name, long seed, List<String> at) {
    super("writer-" + name);
    this.hosts = hosts;
    this.name = name;
    this.blocks = new Blocks(seed, BLOCKS);
    this.at = at;
    this.random = new Random(seed);
  }

  String file() {
    return name;
  }

  @Override
  public void run() {
    for (String host : at) {
      try (NfsClient client = hosts.mount(host, CALL, PATIENCE)) {
        byte[] file = client.file(client.root(), name);
        while (!ending) {
          int block = random.nextInt(BLOCKS);
          long number = ++writes;
          blocks.begin(block, number);
          client.write(file, (long) block * Blocks.SIZE, blocks.content(block, number));
          blocks.acknowledged(block, number);
          firstAt.putIfAbsent(host, System.nanoTime());
        }
        failure.set(null);
        return;
      } catch (IOException e) {
        failure.set(e);
      } catch (RuntimeException | Error e) {
        failure.set(e);
        return;
      }
    }
  }

  /** When the first write at a host was acknowledged. */
  long awaitAt(String host) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    Long first;
    while ((first = firstAt.get(host)) == null) {
      if (!isAlive() || System.nanoTime() - end > 0) {
        throw new AssertionError(
            "no write of " + name + " at " + host + ": " + failure.get() + hosts.lab().logs());
      }
      Thread.sleep(5);
    }
    return first;
  }

  /** How many writes were acknowledged so far, at the least. */
  long acknowledged() {
    return blocks.highest();
  }

  /** Lets it write so many more. */
  void awaitMore(int count) throws Exception {
    long until = blocks.highest() + count;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (blocks.highest() < until) {
      if (!isAlive() || System.nanoTime() - end > 0) {
        throw new AssertionError(name + " stands still: " + failure.get() + hosts.lab().logs());
      }
      Thread.sleep(5);
    }
  }

  /** Ends it; fails when it had no host left to go to. */
  void finish() throws Exception {
    ending = true;
    join(TimeUnit.SECONDS.toMillis(LIMIT_SECONDS));
    if (isAlive() || failure.get() != null) {
      throw new AssertionError(name + " did not end well: " + failure.get() + hosts.lab().logs());
    }
  }

  /** Reads all blocks at a host. */
  void verify(String host) throws IOException {
    try (NfsClient client = hosts.mount(host, CALL, PATIENCE)) {
      byte[] file = client.lookup(client.root(), name).orElseThrow();
      for (int block = 0; block < BLOCKS; block++) {
        byte[] read = client.read(file, (long) block * Blocks.SIZE, Blocks.SIZE);
        blocks.check(block, read, name + " at " + host);
      }
    }
  }
}
