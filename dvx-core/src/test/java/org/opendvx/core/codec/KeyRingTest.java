package org.opendvx.core.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Random;
import java.util.Set;
import java.util.zip.CRC32C;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

class KeyRingTest {
  private static final KeyEncryptionKey PASSPHRASE =
      KeyEncryptionKey.fromPassphrase("correct horse".toCharArray());

  private final KeyRing ring = KeyRing.generate();

  @TempDir private Path folder = Path.of("");
  private KeyEncryptionKey fileKey = PASSPHRASE;

  @BeforeEach
  void makeKeyFile() {
    fileKey = KeyEncryptionKey.createFile(folder.resolve("key"));
  }

  @Test
  void aKeyFileWrapsAndUnwraps() {
    KeyRing more = ring.withNewDataKey().withNewDataKey();
    byte[] blob = more.wrap(fileKey);
    assertTrue(blob.length <= KeyRingBlob.MAX_LENGTH);
    assertSameKeys(more, KeyRing.unwrap(blob, KeyEncryptionKey.fromFile(folder.resolve("key"))));
    assertFalse(Arrays.equals(blob, more.wrap(fileKey)));
  }

  @Test
  void aPassphraseWrapsAndUnwraps() {
    byte[] blob = ring.wrap(PASSPHRASE);
    assertSameKeys(ring, KeyRing.unwrap(blob, PASSPHRASE));
    assertTrue(Bytes.getInt(blob, 8) >= 600_000);
    assertDenied(blob, KeyEncryptionKey.fromPassphrase("correct horsf".toCharArray()));
    assertDenied(blob, fileKey);
  }

  @Test
  void anotherKeyIsDeniedAndTheBlobUntouched() {
    byte[] blob = ring.wrap(fileKey);
    byte[] before = blob.clone();
    assertDenied(blob, KeyEncryptionKey.createFile(folder.resolve("other")));
    assertDenied(blob, PASSPHRASE);
    assertArrayEquals(before, blob);
  }

  @Test
  void aNewKeyEncryptionKeyWrapsTheSameKeys() {
    byte[] first = ring.wrap(fileKey);
    byte[] second = KeyRing.unwrap(first, fileKey).wrap(PASSPHRASE);
    assertSameKeys(ring, KeyRing.unwrap(second, PASSPHRASE));
    assertDenied(second, fileKey);
  }

  @Test
  void aNewDataKeyLeavesTheOthersAsTheyAre() {
    KeyRing renewed = ring.withNewDataKey();
    assertEquals(1, ring.currentDataKeyId());
    assertEquals(2, renewed.currentDataKeyId());
    assertEquals(Set.of(1, 2), renewed.dataKeyIds());
    assertEquals(ring.dataKey(1), renewed.dataKey(1));
    assertNotEquals(renewed.dataKey(1), renewed.dataKey(2));
    assertArrayEquals(ring.fingerprintKey(), renewed.fingerprintKey());
    KeyRing full = ring;
    while (full.dataKeyIds().size() < KeyRing.MAX_DATA_KEYS) {
      full = full.withNewDataKey();
    }
    KeyRing last = full;
    assertEquals(Kind.INVALID, assertThrows(DvxException.class, last::withNewDataKey).kind());
    assertSameKeys(last, KeyRing.unwrap(last.wrap(fileKey), fileKey));
  }

  @Test
  void everyFlippedBitAndEveryCutIsFound() {
    byte[] blob = ring.wrap(fileKey);
    for (int bit = 0; bit < blob.length * 8; bit++) {
      byte[] bad = blob.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      assertRefused(bad, fileKey);
    }
    for (int length = 0; length < blob.length; length++) {
      assertRefused(Arrays.copyOf(blob, length), fileKey);
    }
    assertRefused(Arrays.copyOf(blob, blob.length + 1), fileKey);
    assertRefused(new byte[1 << 20], fileKey);
  }

  @Test
  void forgedFieldsWithARightChecksumAreRefused() {
    byte[] blob = ring.wrap(fileKey);
    for (int at = 0; at < 44; at++) {
      for (int value : new int[] {0, 1, 2, 0x7f, 0x80, 0xff}) {
        byte[] forged = blob.clone();
        forged[at] = (byte) value;
        if (forged[at] != blob[at]) {
          assertRefused(withChecksum(forged), fileKey);
        }
      }
    }
  }

  @Test
  void aHostileNumberOfRoundsCostsNothing() {
    byte[] blob = ring.wrap(PASSPHRASE);
    for (int rounds : new int[] {Integer.MAX_VALUE, 10_000_001, 599_999, 0, -1}) {
      Bytes.putInt(blob, 8, rounds);
      long before = System.nanoTime();
      DvxException error =
          assertThrows(DvxException.class, () -> KeyRing.unwrap(withChecksum(blob), PASSPHRASE));
      assertEquals(Kind.CORRUPT, error.kind());
      assertTrue(System.nanoTime() - before < 3_000_000_000L, "keys were derived");
    }
  }

  @Test
  void aNewerVersionIsRefused() {
    byte[] blob = ring.wrap(fileKey);
    blob[5] = 4;
    assertEquals(
        Kind.UNSUPPORTED,
        assertThrows(DvxException.class, () -> KeyRing.unwrap(blob, fileKey)).kind());
  }

  @Test
  void aKeyThatIsAnnouncedSealsNothingAndOlderVersionsRefuseItsRing() {
    RecordSealer before = new RecordSealer(ring);
    try (KeyRing announced = ring.withAnnouncedKey()) {
      assertEquals(1, announced.currentDataKeyId());
      assertEquals(2, announced.newestDataKeyId());
      assertFalse(announced.holdsOldKeys());
      assertEquals(before.currentKeyId(), new RecordSealer(announced).currentKeyId());
      byte[] blob = announced.wrap(fileKey);
      assertEquals(3, blob[5]);
      try (KeyRing read = KeyRing.unwrap(blob, fileKey);
          KeyRing again = read.withAnnouncedKey();
          KeyRing kept = read.withoutOldKeys();
          KeyRing inForce = kept.withNewestCurrent()) {
        assertEquals(1, read.currentDataKeyId());
        assertEquals(read.dataKeyIds(), again.dataKeyIds());
        assertEquals(read.dataKeyIds(), kept.dataKeyIds());
        assertEquals(2, inForce.currentDataKeyId());
        assertEquals(2, new RecordSealer(inForce).currentKeyId());
        assertEquals(2, inForce.wrap(fileKey)[5]);
        assertTrue(inForce.holdsOldKeys());
      }
    }
  }

  @Test
  void aRingWhoseKeysWereRenewedIsOfTheSecondVersion() {
    assertEquals(1, ring.wrap(fileKey)[5]);
    KeyRing renewed = ring.withNewDataKey();
    byte[] blob = renewed.wrap(fileKey);
    assertEquals(2, blob[5]);
    KeyRing read = KeyRing.unwrap(blob, fileKey);
    assertEquals(renewed.dataKeyIds(), read.dataKeyIds());
    assertEquals(renewed.journalKeyIds(), read.journalKeyIds());
    KeyRing alone = KeyRing.unwrap(read.withoutOldKeys().wrap(fileKey), fileKey);
    assertFalse(alone.holdsOldKeys());
    assertEquals(renewed.currentDataKeyId(), alone.currentDataKeyId());
    assertArrayEquals(ring.fingerprintKey(), alone.fingerprintKey());
    assertArrayEquals(ring.handleKey(), alone.handleKey());
    assertArrayEquals(ring.directoryHashKey(), alone.directoryHashKey());
  }

  @Property(tries = 1000)
  void garbageInsideIsRefused(@ForAll long seed, @ForAll @IntRange(min = 0, max = 400) int length) {
    byte[] garbage = TestBytes.random(seed, length);
    Random random = new Random(seed);
    if (length >= 8) {
      Bytes.putInt(garbage, 4, random.nextInt(8));
    }
    for (int at = 8; at + 6 <= length; at += 38) {
      garbage[at] = (byte) (1 + random.nextInt(5));
      garbage[at + 1] = 32;
    }
    DvxException error = assertThrows(DvxException.class, () -> KeyRingBlob.decode(garbage));
    assertEquals(Kind.CORRUPT, error.kind());
  }

  @Test
  void noTextShowsAKey() {
    String text = ring + " " + fileKey + " " + PASSPHRASE;
    HexFormat hex = HexFormat.of();
    assertFalse(text.contains(hex.formatHex(ring.rawDataKey(1)).substring(0, 8)));
    assertFalse(text.contains("horse"));
    assertEquals("KeyRing[data keys [1], current 1]", ring.toString());
  }

  @Test
  void closingWipesTheKeys() {
    ring.close();
    assertArrayEquals(new byte[32], ring.rawDataKey(1));
    assertArrayEquals(new byte[32], ring.fingerprintKey());
    assertArrayEquals(new byte[16], ring.directoryHashKey());
  }

  private static void assertDenied(byte[] blob, KeyEncryptionKey key) {
    DvxException error = assertThrows(DvxException.class, () -> KeyRing.unwrap(blob, key));
    assertEquals(Kind.DENIED, error.kind());
    assertFalse(error.report().cause().isBlank());
    assertFalse(error.report().remedy().isBlank());
  }

  private static void assertRefused(byte[] blob, KeyEncryptionKey key) {
    DvxException error = assertThrows(DvxException.class, () -> KeyRing.unwrap(blob, key));
    assertTrue(
        EnumSet.of(Kind.CORRUPT, Kind.UNSUPPORTED, Kind.DENIED).contains(error.kind()),
        error.render());
  }

  private static byte[] withChecksum(byte[] blob) {
    CRC32C crc = new CRC32C();
    crc.update(blob, 0, blob.length - 4);
    Bytes.putInt(blob, blob.length - 4, (int) crc.getValue());
    return blob;
  }

  private static void assertSameKeys(KeyRing expected, KeyRing actual) {
    assertEquals(expected.currentDataKeyId(), actual.currentDataKeyId());
    assertEquals(expected.dataKeyIds(), actual.dataKeyIds());
    expected.dataKeyIds().forEach(id -> assertEquals(expected.dataKey(id), actual.dataKey(id)));
    assertArrayEquals(expected.fingerprintKey(), actual.fingerprintKey());
    assertArrayEquals(expected.handleKey(), actual.handleKey());
    assertEquals(expected.journalKeyIds(), actual.journalKeyIds());
    for (int id : expected.journalKeyIds()) {
      assertEquals(expected.journalKey(id), actual.journalKey(id));
    }
    assertArrayEquals(expected.directoryHashKey(), actual.directoryHashKey());
  }
}
