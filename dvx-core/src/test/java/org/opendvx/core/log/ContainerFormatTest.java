package org.opendvx.core.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.ContainerFormat.Footer;
import org.opendvx.core.pool.ContainerStore;

class ContainerFormatTest {
  private static final long ID = 4711;

  private static byte[] container(int slots, Random random) {
    OpenContainer open =
        new OpenContainer(ID, ContainerKind.DATA, new ContainerBuffers(1), 1_700_000_000_000L);
    for (int i = 0; i < slots; i++) {
      assertTrue(open.reserve(49 + random.nextInt(4000), random.nextLong(), i) >= 0);
      if (random.nextInt(5) == 0) {
        open.abandoned(i);
      } else {
        open.committed(1, 1);
      }
    }
    open.close();
    return Arrays.copyOf(open.bytes(), open.finish());
  }

  private static Toc parse(byte[] bytes) {
    Footer footer =
        ContainerFormat.readFooter(bytes, bytes.length - ContainerFormat.FOOTER, ID, bytes.length);
    return Toc.parse(ID, footer, bytes, footer.tocOffset());
  }

  @Test
  void headerAndFooterAreAsDocumented() {
    byte[] bytes = container(3, new Random(1));
    ByteBuffer header = ByteBuffer.wrap(bytes);
    assertEquals("DVXC", new String(bytes, 0, 4, java.nio.charset.StandardCharsets.US_ASCII));
    assertEquals(1, header.getShort(4));
    assertEquals(1, header.get(6));
    assertEquals(ID, header.getLong(8));
    assertEquals(1_700_000_000_000L, header.getLong(16));
    int footer = bytes.length - 64;
    assertEquals("DVXE", new String(bytes, footer, 4, java.nio.charset.StandardCharsets.US_ASCII));
    assertEquals(ID, header.getLong(footer + 8));
    assertEquals(footer - 3 * 32, header.getInt(footer + 16));
    assertEquals(3, header.getInt(footer + 20));
    assertEquals(ID << 16 | 2, header.getLong(footer - 32));
  }

  @Test
  void theTableFindsLiveSlotsOnly() {
    OpenContainer open = new OpenContainer(ID, ContainerKind.DATA, new ContainerBuffers(1), 0);
    long first = open.reserve(100, 1, 1);
    long second = open.reserve(200, 2, 2);
    open.reserve(300, 3, 3);
    open.abandoned(1);
    open.close();
    open.finish();
    Toc toc = open.contents();
    assertEquals(0, toc.entryOf(ChunkAddress.of(ID, 0)));
    assertEquals((int) first, toc.offset(0));
    assertEquals(100, toc.length(0));
    assertEquals(-1, toc.entryOf(ChunkAddress.of(ID, 1)));
    assertEquals((int) second + 200, toc.offset(2));
    assertEquals(-1, toc.entryOf(ChunkAddress.of(ID, 3)));
    assertEquals(-1, toc.entryOf(ChunkAddress.of(ID + 1, 0)));
  }

  @Test
  void aContainerNeverGrowsBeyondItsLimits() {
    OpenContainer small = new OpenContainer(ID, ContainerKind.DATA, new ContainerBuffers(1), 0);
    int slots = 0;
    while (small.reserve(80, slots, 0) >= 0) {
      slots++;
    }
    small.close();
    assertEquals(65536, slots);
    assertTrue(small.finish() <= ContainerStore.MAX_LENGTH);
    OpenContainer large = new OpenContainer(ID, ContainerKind.DATA, new ContainerBuffers(1), 0);
    while (large.reserve(4144, slots, 0) >= 0) {
      slots++;
    }
    large.close();
    int length = large.finish();
    assertTrue(length <= ContainerStore.MAX_LENGTH);
    assertTrue(length > ContainerStore.MAX_LENGTH - 4144 - 64);
    assertTrue(large.contents().entryOf(ChunkAddress.of(ID, 1900)) == 1900);
  }

  @Test
  void movedSlotsAreFoundByTheirOwnAddresses() {
    byte[] bytes = new byte[64 + 300 + 3 * 32 + 64];
    long[] addresses = {ChunkAddress.of(5, 9), ChunkAddress.of(8, 0), ChunkAddress.of(8, 77)};
    byte[] toc = new byte[3 * 32];
    for (int i = 0; i < 3; i++) {
      ContainerFormat.writeEntry(toc, i, addresses[i], 64 + 100 * i, 100, 0, 0);
    }
    System.arraycopy(toc, 0, bytes, 364, toc.length);
    ContainerFormat.writeFooter(bytes, 364 + 96, ContainerKind.MOVED, ID, 364, 3);
    Toc parsed = parse(bytes);
    assertEquals(2, parsed.entryOf(addresses[2]));
    assertEquals(-1, parsed.entryOf(ChunkAddress.of(8, 1)));
    assertEquals(164, parsed.offset(1));
  }

  @Test
  void hostileBytesAreRefusedNeverMisread() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    byte[] good = container(40, random);
    Toc expected = parse(good);
    int checked = 40 * 32 + 64;
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = good.clone();
      int at = bytes.length - 1 - random.nextInt(checked);
      bytes[at] ^= (byte) (1 << random.nextInt(8));
      DvxException e = assertThrows(DvxException.class, () -> parse(bytes));
      assertTrue(e.kind() == Kind.CORRUPT || e.kind() == Kind.UNSUPPORTED);
    }
    // With checksums made good again, whatever the numbers say stays inside of the container.
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = good.clone();
      int footer = bytes.length - 64;
      int toc = footer - 40 * 32;
      int entry = toc + random.nextInt(40) * 32 + random.nextInt(16);
      bytes[entry] = (byte) random.nextInt();
      ContainerFormat.writeFooter(bytes, footer, ContainerKind.DATA, ID, toc, 40);
      try {
        Toc parsed = parse(bytes);
        for (int i = 0; i < 40; i++) {
          assertTrue(parsed.offset(i) >= 64 && parsed.offset(i) + parsed.length(i) <= toc);
        }
      } catch (DvxException e) {
        assertEquals(Kind.CORRUPT, e.kind());
      }
    }
    assertEquals(parse(good).offset(39), expected.offset(39));
  }
}
