package org.opendvx.core.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.log.ChunkAddress;
import org.opendvx.core.log.SlotSource.Verdict;

class FlashCacheTest {
  private static final UUID POOL = new UUID(1, 2);
  private static final int SEGMENT = 64 << 10;
  private static final int DEVICE = 4096 + 16 * SEGMENT;

  @TempDir private Path folder;
  private final List<FlashCache> open = new ArrayList<>();

  @AfterEach
  void close() {
    open.forEach(FlashCache::close);
  }

  private FlashCache cache(MemoryDevice... devices) {
    return cache(POOL, devices);
  }

  private FlashCache cache(UUID pool, MemoryDevice... devices) {
    List<FlashSettings.Device> list = new ArrayList<>();
    for (MemoryDevice device : devices) {
      list.add(new FlashSettings.Device("device " + list.size(), device::open));
    }
    FlashCache cache =
        new FlashCache(pool, new FlashSettings(list, 1 << 20, SEGMENT, Duration.ofMillis(50)));
    open.add(cache);
    return cache;
  }

  @Test
  void givesBackWhatItWasOfferedFromMemoryAndFromFlash() {
    FlashCache cache = active(cache(new MemoryDevice(DEVICE)));
    List<Long> offered = offer(cache, 1, 150);
    assertEquals(150, found(cache, offered));
    assertEquals(0, found(cache, addresses(2, 10)));
    FlashStatus status = cache.status();
    assertEquals(150, status.hits());
    assertEquals(10, status.misses());
    assertTrue(status.bytesWritten() > 0 && status.bytesRead() > 0, status.toString());
  }

  @Test
  void isWarmAfterARestart() {
    MemoryDevice device = new MemoryDevice(DEVICE);
    FlashCache before = active(cache(device));
    List<Long> offered = offer(before, 1, 150);
    before.close();
    assertEquals(150, found(active(cache(device)), offered));
  }

  @Test
  void forgetsTheSlotsOfAnotherPool() {
    MemoryDevice device = new MemoryDevice(DEVICE);
    FlashCache before = active(cache(device));
    List<Long> offered = offer(before, 1, 50);
    before.close();
    FlashCache other = active(cache(new UUID(3, 4), device));
    assertEquals(0, found(other, offered));
    other.close();
    assertEquals(0, found(active(cache(device)), offered), "also when the pool comes back");
  }

  @Test
  void aDeviceThatHoldsSomethingElseIsNotTouched() {
    MemoryDevice device = new MemoryDevice(DEVICE);
    device.put(1080, (byte) 0x53);
    byte[] before = device.content();
    FlashCache cache = cache(device);
    await("it is refused", () -> failed(cache) == 1);
    assertTrue(cache.status().devices().getFirst().reason().contains("something else"));
    assertArrayEquals(before, device.content());
  }

  @Test
  void keepsWhatIsReadAgainWhenItIsFull() {
    FlashCache cache = active(cache(new MemoryDevice(DEVICE)));
    List<Long> hot = offer(cache, 1, 40);
    assertEquals(40, found(cache, hot));
    List<Long> cold = new ArrayList<>();
    for (int container = 2; container < 40; container++) {
      cold.addAll(offer(cache, container, 40));
      assertTrue(found(cache, hot) > 0, "container " + container + ": " + cache.status());
    }
    // Writing goes on beside this thread and may drop a few; without a second chance none is left.
    assertTrue(found(cache, hot) >= 20, cache.status().toString());
    assertTrue(found(cache, cold) < cold.size() / 2, "it is full: " + cache.status());
    assertTrue(cache.status().kept() > 0);
  }

  @Test
  void aKillInTheMiddleOfAWriteHidesNothingElse() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 40; round++) {
      MemoryDevice device = new MemoryDevice(DEVICE);
      FlashCache before = active(cache(device));
      List<Long> offered = offer(before, 1, 100);
      await("most is written", () -> before.status().bytesWritten() >= 3 * SEGMENT);
      // From here on a write stops in the middle, as it does when the process dies.
      device.killAfter(random.nextInt(3 * SEGMENT));
      offered.addAll(offer(before, 2, 200));
      before.close();
      device.killAfter(Long.MAX_VALUE);
      FlashCache after = active(cache(device));
      int found = found(after, offered);
      assertTrue(found >= 60, found + " with seed " + seed);
      List<Long> more = offer(after, 3, 50);
      assertEquals(50, found(after, more), "seed " + seed);
      after.close();
    }
  }

  @Test
  void neverHandsOverWrongBytesUndetected() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    MemoryDevice device = new MemoryDevice(DEVICE);
    FlashCache before = active(cache(device));
    List<Long> offered = offer(before, 1, 200);
    before.close();
    device.flipBits(random, 20_000);
    FlashCache after = active(cache(device));
    int found = found(after, offered);
    assertTrue(found > 0 && found < 200, found + " with seed " + seed);
    assertEquals(found, found(after, offered), "what failed its check is not asked again");
    FlashStatus status = after.status();
    assertEquals(400, status.hits() + status.misses() + status.damaged());
  }

  @Test
  void aDeviceThatFailsIsLeftOutAndTakenUpAgain() {
    MemoryDevice first = new MemoryDevice(DEVICE);
    MemoryDevice second = new MemoryDevice(DEVICE);
    FlashCache cache = active(cache(first, second));
    List<Long> offered = new ArrayList<>();
    for (int container = 1; container <= 6; container++) {
      offered.addAll(offer(cache, container, 40));
    }
    assertEquals(240, found(cache, offered));

    first.setFailing(true);
    int left = found(cache, offered);
    assertTrue(left > 0 && left < 240, "one of two: " + left);
    await("it is noticed", () -> failed(cache) == 1);
    assertEquals(FlashStatus.Mode.LOCAL, cache.status().mode());

    second.setPulled(true);
    found(cache, offered);
    offer(cache, 7, 40);
    await("both are gone", () -> failed(cache) == 2);
    assertEquals(FlashStatus.Mode.PEER_CACHE, cache.status().mode());
    assertEquals(0, found(cache, offered), "no error, only misses");

    first.replace();
    first.setFailing(false);
    second.setPulled(false);
    active(cache);
    assertTrue(found(cache, offered) > 0, "the one that was only away has what it had");
    List<Long> more = offer(cache, 8, 40);
    assertEquals(40, found(cache, more));
  }

  @Test
  void theIndexStaysWithinItsMemory() {
    FlashIndex index = new FlashIndex(64 << 10);
    long bytes = index.bytes();
    assertTrue(bytes <= 64 << 10);
    for (long address = 1; address < 100_000; address++) {
      index.put(address << 16, (int) (address % 1000), 64, 4144);
    }
    assertEquals(bytes, index.bytes());
    assertTrue(index.count() > 6000, "almost full: " + index.count());
    long entry = index.find(99_999L << 16);
    assertEquals(99_999 % 1000, FlashIndex.segment(entry));
    assertEquals(64, FlashIndex.offset(entry));
    assertEquals(65 * 64, FlashIndex.length(entry));
  }

  @Test
  void worksOnFoldersAndNoticesThatOneIsGone() throws IOException {
    Path flash = Files.createDirectory(folder.resolve("flash"));
    FlashSettings settings =
        new FlashSettings(
            List.of(new FlashSettings.Device("flash", () -> FlashFile.open(flash, DEVICE))),
            1 << 20,
            SEGMENT,
            Duration.ofMillis(50));
    FlashCache cache = new FlashCache(POOL, settings);
    open.add(cache);
    List<Long> offered = offer(active(cache), 1, 100);
    assertEquals(100, found(cache, offered));
    cache.close();
    FlashCache again = new FlashCache(POOL, settings);
    open.add(again);
    assertEquals(100, found(active(again), offered));
    Files.delete(flash.resolve("dvx-flash"));
    Files.delete(flash);
    offer(again, 2, 40);
    await("it is noticed", () -> failed(again) == 1);
    Files.createDirectory(flash);
    assertEquals(30, found(again, offer(active(again), 3, 30)));
  }

  private static long failed(FlashCache cache) {
    return cache.status().devices().stream()
        .filter(device -> device.state() == FlashStatus.State.FAILED)
        .count();
  }

  private static FlashCache active(FlashCache cache) {
    await(
        "all devices serve",
        () ->
            cache.status().devices().stream()
                .allMatch(device -> device.state() == FlashStatus.State.ACTIVE));
    return cache;
  }

  private static List<Long> addresses(int container, int count) {
    List<Long> addresses = new ArrayList<>();
    for (int slot = 0; slot < count; slot++) {
      addresses.add(ChunkAddress.of(container, slot));
    }
    return addresses;
  }

  /** Offers slots until they are taken: what is offered too fast is dropped. */
  private static List<Long> offer(FlashCache cache, int container, int count) {
    List<Long> addresses = addresses(container, count);
    for (long address : addresses) {
      byte[] slot = slot(address);
      long dropped = cache.status().dropped();
      cache.offer(address, slot, 0, slot.length);
      while (cache.status().dropped() > dropped) {
        pause();
        dropped = cache.status().dropped();
        cache.offer(address, slot, 0, slot.length);
      }
    }
    return addresses;
  }

  /** Asks for slots; each must be the right one or none. */
  private static int found(FlashCache cache, List<Long> addresses) {
    long[] asked = addresses.stream().mapToLong(Long::longValue).toArray();
    int[] found = {0};
    cache.fetch(
        asked,
        asked.length,
        (i, bytes, offset, length) -> {
          byte[] got = Arrays.copyOfRange(bytes, offset, offset + length);
          if (!Arrays.equals(slot(asked[i]), got)) {
            return Verdict.DAMAGED;
          }
          assertArrayEquals(slot(asked[i]), got);
          found[0]++;
          return Verdict.TAKEN;
        });
    return found[0];
  }

  /** Stands for a sealed slot: its bytes follow from its address, which takes the place of GCM. */
  private static byte[] slot(long address) {
    Random random = new Random(address);
    byte[] slot = new byte[500 + random.nextInt(3600)];
    random.nextBytes(slot);
    return slot;
  }

  private static void pause() {
    try {
      Thread.sleep(2);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static void await(String what, BooleanSupplier holds) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!holds.getAsBoolean()) {
      assertTrue(System.nanoTime() - deadline < 0, what);
      pause();
    }
  }
}
