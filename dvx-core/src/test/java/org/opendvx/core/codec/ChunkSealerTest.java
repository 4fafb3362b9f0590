package org.opendvx.core.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

class ChunkSealerTest {
  private static final long ADDRESS = 77L << 16 | 5;
  private static final long PLACE = 0x0123_4567_89abL;

  private final KeyRing keys = KeyRing.generate();
  private final ChunkSealer sealer = new ChunkSealer(keys, ChunkCodec.lz4());
  private int entry;

  @Property(tries = 300)
  void whatIsSealedOpens(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 33_000) int length,
      @ForAll @IntRange(min = 0, max = 100) int noise,
      @ForAll @IntRange(min = 0, max = 40) int offset) {
    byte[] plain = TestBytes.mixed(seed, length + offset, noise);
    for (ChunkCodec codec : List.of(ChunkCodec.lz4(), ChunkCodec.zstd(3), ChunkCodec.none())) {
      ChunkSealer any = new ChunkSealer(keys, codec);
      Prepared prepared = any.prepare(plain, offset, length);
      byte[] slots = new byte[offset + ChunkSealer.maxSlotLength(length) + 9];
      int slotLength = any.seal(prepared, ADDRESS, SlotType.NODE, PLACE, entry++, slots, offset);
      assertEquals(prepared.slotLength(), slotLength);
      assertTrue(slotLength <= ChunkSealer.maxSlotLength(length));
      assertEquals(slotLength, SlotHeader.read(slots, offset, slotLength).slotLength());
      byte[] opened = new byte[length + 1];
      assertEquals(
          length, sealer.open(slots, offset, slotLength, ADDRESS, SlotType.NODE, opened, 1));
      assertArrayEquals(
          Arrays.copyOfRange(plain, offset, offset + length),
          Arrays.copyOfRange(opened, 1, length + 1));
    }
  }

  @Test
  void everyFlippedBitIsFound() {
    for (int noise : new int[] {0, 100}) {
      byte[] plain = TestBytes.mixed(3, 512, noise);
      byte[] slot = seal(plain);
      for (int bit = 0; bit < slot.length * 8; bit++) {
        byte[] bad = slot.clone();
        bad[bit / 8] ^= (byte) (1 << bit % 8);
        assertCorrupt(bad, bad.length, ADDRESS, SlotType.CHUNK);
      }
      assertArrayEquals(plain, open(slot));
    }
  }

  @Test
  void aHeaderForgedWithItsChecksumIsFound() {
    byte[] slot = seal(TestBytes.mixed(4, 4096, 30));
    SlotHeader good = SlotHeader.read(slot, 0, slot.length);
    for (SlotHeader forged :
        List.of(
            changed(good, good.plainLength() - 1, good.storedLength()),
            changed(good, good.plainLength() + 1, good.storedLength()),
            changed(good, good.plainLength(), good.storedLength() - 1),
            changed(good, Integer.MAX_VALUE, good.storedLength()),
            changed(good, -1, good.storedLength()),
            changed(good, good.plainLength(), Integer.MAX_VALUE),
            changed(good, good.plainLength(), -1),
            new SlotHeader(
                good.type(),
                (byte) 2,
                good.keyId(),
                good.place(),
                good.entry(),
                good.plainLength(),
                good.storedLength()),
            new SlotHeader(
                good.type(),
                good.codec(),
                99,
                good.place(),
                good.entry(),
                good.plainLength(),
                good.storedLength()))) {
      byte[] bad = slot.clone();
      forged.write(bad, 0);
      assertCorrupt(bad, bad.length, ADDRESS, SlotType.CHUNK);
    }
  }

  @Test
  void aSlotOfAnotherAddressOrTypeIsRefused() {
    byte[] slot = seal(TestBytes.mixed(5, 4096, 30));
    assertCorrupt(slot, slot.length, ADDRESS + 1, SlotType.CHUNK);
    assertCorrupt(slot, slot.length, ADDRESS, SlotType.NODE);
  }

  @Test
  void aSlotThatIsCutShortIsRefused() {
    byte[] slot = seal(TestBytes.mixed(6, 4096, 30));
    for (int length = 0; length < slot.length; length++) {
      assertCorrupt(slot, length, ADDRESS, SlotType.CHUNK);
    }
  }

  @Test
  void bytesThatHardlyCompressAreStoredAsTheyAre() {
    byte[] random = TestBytes.random(7, 4096);
    assertEquals(4096 + ChunkSealer.OVERHEAD, sealer.prepare(random, 0, 4096).slotLength());
    byte[] nearly = TestBytes.random(8, 4096);
    Arrays.fill(nearly, 0, 200, (byte) 0);
    assertEquals(4096 + ChunkSealer.OVERHEAD, sealer.prepare(nearly, 0, 4096).slotLength());
    Arrays.fill(nearly, 0, 400, (byte) 0);
    assertTrue(
        sealer.prepare(nearly, 0, 4096).slotLength() <= 4096 - 4096 / 16 + ChunkSealer.OVERHEAD);
    assertArrayEquals(nearly, open(seal(nearly)));
  }

  @Test
  void theSlotIsLaidOutAsDocumented() throws Exception {
    byte[] plain = TestBytes.random(9, 100);
    byte[] slot = seal(plain);
    assertEquals((byte) 0xd1, slot[0]);
    assertEquals(SlotType.CHUNK.code(), slot[1]);
    assertEquals(0, slot[2] | slot[3]);
    assertEquals(1, Bytes.getInt(slot, 4));
    assertEquals(PLACE, Bytes.getLong(slot, 8));
    assertEquals(entry - 1, Bytes.getInt(slot, 16));
    assertEquals(100, Bytes.getInt(slot, 20));
    assertEquals(100, Bytes.getInt(slot, 24));
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        Cipher.DECRYPT_MODE,
        keys.dataKey(1),
        new GCMParameterSpec(128, Arrays.copyOfRange(slot, 8, 20)));
    byte[] address = new byte[8];
    Bytes.putLong(address, 0, ADDRESS);
    cipher.updateAAD(address);
    cipher.updateAAD(slot, 0, 28);
    assertArrayEquals(plain, cipher.doFinal(slot, 32, slot.length - 32));
  }

  @Test
  void noPlainTextIsInASlot() {
    byte[] plain = "a secret that must not be stored as it is".getBytes(StandardCharsets.US_ASCII);
    String stored = new String(seal(plain), StandardCharsets.ISO_8859_1);
    assertFalse(stored.contains("secret"));
  }

  @Test
  void oldDataKeysStillOpenAndTheNewOneSeals() {
    byte[] plain = TestBytes.mixed(10, 4096, 40);
    byte[] old = seal(plain);
    ChunkSealer renewed = new ChunkSealer(keys.withNewDataKey(), ChunkCodec.lz4());
    byte[] opened = new byte[4096];
    renewed.open(old, 0, old.length, ADDRESS, SlotType.CHUNK, opened, 0);
    assertArrayEquals(plain, opened);
    byte[] fresh = new byte[ChunkSealer.maxSlotLength(4096)];
    renewed.seal(
        renewed.prepare(plain, 0, 4096), ADDRESS, SlotType.CHUNK, PLACE, entry++, fresh, 0);
    assertEquals(2, SlotHeader.read(fresh, 0, fresh.length).keyId());
    assertCorrupt(fresh, fresh.length, ADDRESS, SlotType.CHUNK);
  }

  @Test
  void aPlaceIsNotSealedTwiceInARow() {
    byte[] plain = TestBytes.mixed(11, 4096, 40);
    byte[] target = new byte[ChunkSealer.maxSlotLength(4096)];
    Prepared prepared = sealer.prepare(plain, 0, 4096);
    sealer.seal(prepared, ADDRESS, SlotType.CHUNK, PLACE, 4711, target, 0);
    assertThrows(
        IllegalStateException.class,
        () -> sealer.seal(prepared, ADDRESS, SlotType.CHUNK, PLACE, 4711, target, 0));
  }

  @Test
  void severalChunksCanWaitForTheirPlaces() {
    byte[][] plains = {TestBytes.mixed(12, 4096, 10), TestBytes.random(13, 4096)};
    Prepared[] waiting = {new Prepared(), new Prepared()};
    for (int i = 0; i < 2; i++) {
      sealer.prepare(plains[i], 0, 4096, waiting[i]);
    }
    byte[] target = new byte[2 * ChunkSealer.maxSlotLength(4096)];
    int second = sealer.seal(waiting[0], ADDRESS, SlotType.CHUNK, PLACE, entry++, target, 0);
    sealer.seal(waiting[1], ADDRESS + 1, SlotType.CHUNK, PLACE, entry++, target, second);
    byte[] opened = new byte[4096];
    sealer.open(target, 0, target.length, ADDRESS, SlotType.CHUNK, opened, 0);
    assertArrayEquals(plains[0], opened);
    sealer.open(target, second, target.length - second, ADDRESS + 1, SlotType.CHUNK, opened, 0);
    assertArrayEquals(plains[1], opened);
  }

  @Test
  void wrongLengthsAndNarrowTargetsAreRefusedBeforeAnythingIsWritten() {
    byte[] plain = new byte[SlotHeader.MAX_PLAIN + 1];
    assertThrows(IllegalArgumentException.class, () -> sealer.prepare(plain, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> sealer.prepare(plain, 0, plain.length));
    assertThrows(IndexOutOfBoundsException.class, () -> sealer.prepare(plain, 1, plain.length));
    Prepared prepared = sealer.prepare(plain, 0, 4096);
    byte[] narrow = new byte[prepared.slotLength() - 1];
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> sealer.seal(prepared, ADDRESS, SlotType.CHUNK, PLACE, 1, narrow, 0));
    assertArrayEquals(new byte[narrow.length], narrow);
    byte[] slot = seal(TestBytes.random(14, 4096));
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> sealer.open(slot, 0, slot.length, ADDRESS, SlotType.CHUNK, new byte[4095], 0));
    assertThrows(
        IllegalStateException.class,
        () -> sealer.seal(new Prepared(), ADDRESS, SlotType.CHUNK, PLACE, 1, slot, 0));
  }

  @Test
  void threadsOfBothKindsDoNotDisturbEachOther() throws Exception {
    AtomicInteger entries = new AtomicInteger();
    for (ExecutorService executor :
        List.of(Executors.newFixedThreadPool(4), Executors.newVirtualThreadPerTaskExecutor())) {
      try (executor) {
        List<Future<?>> results = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
          int number = i;
          results.add(executor.submit(() -> sealAndOpen(number, entries.getAndIncrement())));
        }
        for (Future<?> result : results) {
          result.get(30, TimeUnit.SECONDS);
        }
      }
    }
  }

  private void sealAndOpen(int number, int ownEntry) {
    byte[] plain = TestBytes.mixed(number, 4096, number % 101);
    byte[] slot = new byte[ChunkSealer.maxSlotLength(4096)];
    int length =
        sealer.seal(
            sealer.prepare(plain, 0, 4096), number, SlotType.CHUNK, PLACE + 1, ownEntry, slot, 0);
    byte[] opened = new byte[4096];
    sealer.open(slot, 0, length, number, SlotType.CHUNK, opened, 0);
    assertArrayEquals(plain, opened);
  }

  private byte[] seal(byte[] plain) {
    Prepared prepared = sealer.prepare(plain, 0, plain.length);
    byte[] slot = new byte[prepared.slotLength()];
    sealer.seal(prepared, ADDRESS, SlotType.CHUNK, PLACE, entry++, slot, 0);
    return slot;
  }

  private byte[] open(byte[] slot) {
    byte[] plain = new byte[4096];
    int length = sealer.open(slot, 0, slot.length, ADDRESS, SlotType.CHUNK, plain, 0);
    return Arrays.copyOf(plain, length);
  }

  private void assertCorrupt(byte[] slot, int available, long address, SlotType type) {
    DvxException error =
        assertThrows(
            DvxException.class,
            () ->
                sealer.open(slot, 0, available, address, type, new byte[SlotHeader.MAX_PLAIN], 0));
    assertEquals(Kind.CORRUPT, error.kind());
    assertFalse(error.report().cause().isBlank());
    assertEquals(Long.toHexString(address), error.report().details().get("address"));
  }

  private static SlotHeader changed(SlotHeader header, int plainLength, int storedLength) {
    return new SlotHeader(
        header.type(),
        header.codec(),
        header.keyId(),
        header.place(),
        header.entry(),
        plainLength,
        storedLength);
  }
}
