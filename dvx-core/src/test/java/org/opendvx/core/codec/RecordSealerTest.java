package org.opendvx.core.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

class RecordSealerTest {
  private final RecordSealer sealer = new RecordSealer(KeyRing.generate());
  private long sequence = 1;

  @Property(tries = 200)
  void whatIsSealedOpens(@ForAll byte[] plain) {
    byte[] sealed = new byte[plain.length + RecordSealer.OVERHEAD + 2];
    int length = sealer.seal(0, 1, ++sequence, 9, plain, 0, plain.length, sealed, 2);
    assertEquals(plain.length + RecordSealer.OVERHEAD, length);
    byte[] opened = new byte[plain.length + 1];
    assertEquals(plain.length, sealer.open(0, 1, sequence, 9, sealed, 2, length, opened, 1));
    assertArrayEquals(plain, Arrays.copyOfRange(opened, 1, opened.length));
  }

  @Test
  void onlyTheSameNumbersOpenIt() {
    byte[] plain = TestBytes.random(1, 200);
    byte[] sealed = new byte[216];
    sealer.seal(0, 5, 6, 7, plain, 0, 200, sealed, 0);
    assertCorrupt(sealer, 4, 6, 7, sealed, 216);
    assertCorrupt(sealer, 5, 7, 7, sealed, 216);
    assertCorrupt(sealer, 5, 6, 8, sealed, 216);
    assertCorrupt(sealer, 5, 6, 7, sealed, 215);
    assertCorrupt(sealer, 5, 6, 7, sealed, 15);
    assertCorrupt(new RecordSealer(KeyRing.generate()), 5, 6, 7, sealed, 216);
    for (int bit = 0; bit < sealed.length * 8; bit++) {
      byte[] bad = sealed.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      assertCorrupt(sealer, 5, 6, 7, bad, 216);
    }
  }

  private static void assertCorrupt(
      RecordSealer sealer, int incarnation, long sequence, int kind, byte[] sealed, int length) {
    DvxException error =
        assertThrows(
            DvxException.class,
            () -> sealer.open(0, incarnation, sequence, kind, sealed, 0, length, new byte[300], 0));
    assertEquals(Kind.CORRUPT, error.kind());
  }
}
