package org.opendvx.core.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.log.LogSettings;
import org.opendvx.core.testing.InMemoryPool;

/** A datastore with a flash cache: what it writes and reads is found on flash, or elsewhere. */
class FlashReadsTest {
  private static final int SIZE = 12 << 20;
  private static final int STEP = 64 << 10;
  private static final KeyRing KEYS = KeyRing.generate();
  private static final String HOST = "host-a";

  private final InMemoryPool pool = new InMemoryPool();
  private final MemoryDevice device = new MemoryDevice(64 << 20);

  private FlashCache cache() {
    FlashCache cache =
        new FlashCache(
            pool.id(),
            new FlashSettings(
                List.of(new FlashSettings.Device("flash", device::open)),
                1 << 20,
                1 << 20,
                Duration.ofMillis(50)));
    await("it serves", () -> state(cache) == FlashStatus.State.ACTIVE);
    return cache;
  }

  /** With next to no memory for chunks, so that reads go farther. */
  private static DatastoreSettings settings() {
    LogSettings log = LogSettings.DEFAULT;
    return DatastoreSettings.DEFAULT.withLog(
        new LogSettings(
            0,
            log.indexBytes(),
            log.tocCacheBytes(),
            log.containersInFlight(),
            log.putThreads(),
            log.flushLimit()));
  }

  @Test
  void readsComeFromFlashAlsoAfterARestartAndFromThePoolWhenItFails() {
    byte[] content = new byte[SIZE];
    new Random(5).nextBytes(content);
    FileKey file;
    try (FlashCache cache = cache();
        DvxDatastore store = DvxDatastore.format(pool, KEYS, settings(), HOST, List.of(cache))) {
      file =
          get(store.create(
                  Caller.SYSTEM,
                  FileKey.ROOT,
                  "disk".getBytes(StandardCharsets.UTF_8),
                  NewFile.regular(AttributeChange.mode(0644)),
                  new Existing.Refuse()))
              .key();
      for (int at = 0; at < SIZE; at += STEP) {
        get(store.write(Caller.SYSTEM, file, at, ByteBuffer.wrap(content, at, STEP).slice(), true));
      }
    }
    try (FlashCache cache = cache();
        DvxDatastore store = DvxDatastore.open(pool, KEYS, settings(), HOST, List.of(cache))) {
      assertArrayEquals(content, read(store, file));
      long first = cache.status().hits();
      assertTrue(first >= SIZE / 4096 / 2, "written through: " + cache.status());
      assertArrayEquals(content, read(store, file));
      long second = cache.status().hits() - first;
      assertTrue(second >= first, "what came from the pool was offered: " + cache.status());
      assertEquals(0, cache.status().damaged());

      device.setFailing(true);
      assertArrayEquals(content, read(store, file));
      assertEquals(FlashStatus.Mode.PEER_CACHE, cache.status().mode());
      device.replace();
      device.setFailing(false);
      await("it is back", () -> state(cache) == FlashStatus.State.ACTIVE);
      assertArrayEquals(content, read(store, file));
      long before = cache.status().hits();
      assertArrayEquals(content, read(store, file));
      assertTrue(cache.status().hits() > before, "it fills again: " + cache.status());
    }
  }

  private static byte[] read(DvxDatastore store, FileKey file) {
    byte[] bytes = new byte[SIZE];
    for (int at = 0; at < SIZE; at += STEP) {
      ByteBuffer target = ByteBuffer.wrap(bytes, at, STEP).slice();
      assertEquals(STEP, get(store.read(Caller.SYSTEM, file, at, target)).count());
    }
    return bytes;
  }

  private static FlashStatus.State state(FlashCache cache) {
    return cache.status().devices().getFirst().state();
  }

  private static <T> T get(CompletableFuture<T> future) {
    return future.orTimeout(60, TimeUnit.SECONDS).join();
  }

  private static void await(String what, BooleanSupplier holds) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!holds.getAsBoolean()) {
      assertTrue(System.nanoTime() - deadline < 0, what);
      try {
        Thread.sleep(5);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
