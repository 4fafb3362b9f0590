package org.opendvx.core.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class FingerprinterTest {
  private final KeyRing keys = KeyRing.generate();
  private final Fingerprinter fingerprinter = new Fingerprinter(keys);

  @Property(tries = 200)
  void isTheBeginningOfHmacSha256(@ForAll byte[] content) throws Exception {
    ByteBuffer expected = ByteBuffer.wrap(mac(keys.fingerprintKey(), content));
    Fingerprint fingerprint = fingerprinter.fingerprint(content, 0, content.length);
    assertEquals(new Fingerprint(expected.getLong(), expected.getLong()), fingerprint);
  }

  @Test
  void knownAnswerOfRfc4231() {
    byte[] result = new byte[KeyedHash.LENGTH];
    byte[] key = new byte[20];
    Arrays.fill(key, (byte) 0x0b);
    new KeyedHash(key).hash("xHi Therex".getBytes(StandardCharsets.US_ASCII), 1, 8, result, 0);
    assertEquals(
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        HexFormat.of().formatHex(result));
  }

  @Test
  void aRangeCountsAndNotWhatIsAroundIt() {
    byte[] content = new byte[5000];
    new Random(1).nextBytes(content);
    long[] parts = new long[4];
    fingerprinter.fingerprint(content, 100, 4096, parts, 1);
    byte[] alone = Arrays.copyOfRange(content, 100, 4196);
    assertEquals(fingerprinter.fingerprint(alone, 0, 4096), new Fingerprint(parts[1], parts[2]));
    assertArrayEquals(new long[] {0, 0}, new long[] {parts[0], parts[3]});
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> fingerprinter.fingerprint(content, 4000, 4096, parts, 0));
    assertEquals(fingerprinter.fingerprint(alone, 0, 4096), new Fingerprint(parts[1], parts[2]));
  }

  @Test
  void anotherPoolHasOtherFingerprints() {
    byte[] content = new byte[4096];
    assertNotEquals(
        fingerprinter.fingerprint(content, 0, 4096),
        new Fingerprinter(KeyRing.generate()).fingerprint(content, 0, 4096));
  }

  @Test
  void threadsOfBothKindsDoNotDisturbEachOther() throws Exception {
    byte[][] contents = new byte[64][4096];
    Random random = new Random(2);
    List<Fingerprint> expected = new ArrayList<>();
    for (byte[] content : contents) {
      random.nextBytes(content);
      expected.add(fingerprinter.fingerprint(content, 0, 4096));
    }
    for (ExecutorService executor :
        List.of(Executors.newFixedThreadPool(4), Executors.newVirtualThreadPerTaskExecutor())) {
      try (executor) {
        List<Future<Fingerprint>> results = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
          byte[] content = contents[i % contents.length];
          results.add(executor.submit(() -> fingerprinter.fingerprint(content, 0, 4096)));
        }
        for (int i = 0; i < results.size(); i++) {
          assertEquals(expected.get(i % contents.length), results.get(i).get(30, TimeUnit.SECONDS));
        }
      }
    }
  }

  @Test
  void handleTagsFitOneHandleOfOnePoolOnly() throws Exception {
    HandleMac mac = new HandleMac(keys);
    byte[] handle = {9, 1, 2, 3, 4, 5, 6, 7, 8};
    byte[] tagged = new byte[40];
    mac.tag(handle, 1, 8, tagged, 20);
    assertArrayEquals(
        Arrays.copyOf(mac(keys.handleKey(), Arrays.copyOfRange(handle, 1, 9)), HandleMac.LENGTH),
        Arrays.copyOfRange(tagged, 20, 36));
    assertTrue(mac.verify(handle, 1, 8, tagged, 20));
    assertFalse(mac.verify(handle, 0, 8, tagged, 20));
    assertFalse(new HandleMac(KeyRing.generate()).verify(handle, 1, 8, tagged, 20));
    for (int bit = 0; bit < HandleMac.LENGTH * 8; bit++) {
      byte[] forged = tagged.clone();
      forged[20 + bit / 8] ^= (byte) (1 << bit % 8);
      assertFalse(mac.verify(handle, 1, 8, forged, 20));
    }
  }

  private static byte[] mac(byte[] key, byte[] content) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(content);
  }
}
