package org.opendvx.core.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.codec.KeyEncryptionKey;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/**
 * How long a start takes when so much journal is to be replayed: random writes of 32 KiB that do
 * not compress, no checkpoint, no clean stop. The start is in a fresh process.
 *
 * <p>{@code java -cp CLASSES org.opendvx.core.bench.ReplayBenchmark FOLDER MIB [JVM OPTION ...]}
 * leaves its folder empty. {@code fill FOLDER MIB} and {@code start FOLDER} are its two halves; a
 * start ends like a crash, before its first checkpoint, and may be repeated. {@code -Dwrite=4}
 * makes the writes so many KiB.
 */
public final class ReplayBenchmark {
  private static final int WRITE = Integer.getInteger("write", 32) << 10;
  private static final int IN_FLIGHT = 32;
  private static final int SEGMENT = 64 << 20;
  private static final int DRIVES = 3;
  private static final Duration LIMIT = Duration.ofMinutes(30);

  private ReplayBenchmark() {}

  /** A folder on the disk to measure, and MiB of journal. */
  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "fill" -> fill(Path.of(arguments[1]), Long.parseLong(arguments[2]) << 20);
      case "start" -> start(Path.of(arguments[1]));
      default -> both(arguments);
    }
  }

  private static void both(String[] arguments) throws Exception {
    Path folder = Files.createTempDirectory(Path.of(arguments[0]), "replay-bench");
    List<String> options = List.of(arguments).subList(2, arguments.length);
    try {
      child(options, "fill", folder.toString(), arguments[1]);
      child(options, "start", folder.toString());
    } finally {
      try (var files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static void child(List<String> options, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(ReplayBenchmark.class.getName());
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).inheritIO().start();
    try {
      if (!process.waitFor(LIMIT) || process.exitValue() != 0) {
        throw new IOException("the half '" + arguments[0] + "' failed");
      }
    } finally {
      process.destroyForcibly();
    }
  }

  private static DatastoreSettings settings() {
    DatastoreSettings usual = DatastoreSettings.DEFAULT;
    return new DatastoreSettings(
        usual.log(),
        usual.journal(),
        usual.nodeCacheBytes(),
        usual.recentFiles(),
        Duration.ofDays(1),
        1,
        Integer.MAX_VALUE,
        usual.freezeBatch(),
        usual.roomLimit(),
        usual.closeLimit(),
        usual.accessInterval());
  }

  private static LocalPoolConfig config(Path folder, int segments) {
    List<Path> drives = new ArrayList<>();
    for (int i = 0; i < DRIVES; i++) {
      drives.add(folder.resolve("drive" + i));
    }
    return LocalPoolConfig.of(drives).withJournal(SEGMENT, segments);
  }

  private static int segments(long bytes) {
    return (int) (bytes / SEGMENT) * 5 / 4 + 2;
  }

  private static void fill(Path folder, long bytes) throws Exception {
    Path size = folder.resolve("bytes");
    Files.writeString(size, Long.toString(bytes));
    LocalPoolConfig config = config(folder, segments(bytes));
    LocalPool.create(config);
    try (KeyEncryptionKey key = KeyEncryptionKey.createFile(folder.resolve("key"));
        KeyRing keys = KeyRing.generate()) {
      Files.write(folder.resolve("keyring"), keys.wrap(key));
      try (LocalPool pool = LocalPool.open(config)) {
        DvxDatastore store = DvxDatastore.format(pool, keys, settings(), "bench");
        write(store, bytes);
        store.halt();
      }
    }
  }

  private static void start(Path folder) throws Exception {
    long bytes = Long.parseLong(Files.readString(folder.resolve("bytes")));
    LocalPoolConfig config = config(folder, segments(bytes));
    KeyRing keys;
    try (KeyEncryptionKey key = KeyEncryptionKey.fromFile(folder.resolve("key"))) {
      keys = KeyRing.unwrap(Files.readAllBytes(folder.resolve("keyring")), key);
    }
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    double load = system.getSystemLoadAverage();
    long start = System.nanoTime();
    LocalPool pool = LocalPool.open(config);
    long opened = System.nanoTime();
    long processor = system.getProcessCpuTime();
    DvxDatastore _ = DvxDatastore.open(pool, keys, settings(), "bench");
    double seconds = (System.nanoTime() - opened) / 1e9;
    double used = (system.getProcessCpuTime() - processor) / 1e9;
    System.out.printf(
        "%d MiB written, load %.1f, the pool opened in %.2f s, replayed in %.2f s: %.0f MiB/s,"
            + " %.2f CPU seconds, %.2f a GiB%n",
        bytes >> 20,
        load,
        (opened - start) / 1e9,
        seconds,
        (bytes >> 20) / seconds,
        used,
        used / bytes * (1 << 30));
    // As a crash would end it: the first checkpoint would make the next start another one.
    if (!Boolean.getBoolean("profile")) {
      Runtime.getRuntime().halt(0);
    }
    System.exit(0);
  }

  private static void write(DvxDatastore store, long bytes) {
    FileKey file =
        store
            .create(
                Caller.SYSTEM,
                FileKey.ROOT,
                "disk".getBytes(StandardCharsets.UTF_8),
                Datastore.NewFile.regular(AttributeChange.mode(0600)),
                new Datastore.Existing.Refuse())
            .join()
            .key();
    Random random = new Random(1);
    Queue<CompletableFuture<?>> pending = new ArrayDeque<>();
    long written = 0;
    while (written < bytes) {
      byte[] block = new byte[WRITE];
      random.nextBytes(block);
      long at = random.nextLong(bytes / WRITE) * WRITE;
      pending.add(store.write(Caller.SYSTEM, file, at, ByteBuffer.wrap(block), true));
      written += WRITE;
      if (pending.size() > IN_FLIGHT) {
        Object _ = pending.remove().join();
      }
    }
    while (!pending.isEmpty()) {
      Object _ = pending.remove().join();
    }
  }
}
