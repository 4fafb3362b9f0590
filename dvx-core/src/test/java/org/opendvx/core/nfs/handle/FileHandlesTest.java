package org.opendvx.core.nfs.handle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.xdr.XdrReader;

class FileHandlesTest {
  private final FileHandles handles = new FileHandles(new SipHashMac(new byte[16]));

  @Property
  void whatIsWrittenIsRead(@ForAll int export, @ForAll long snapshot, @ForAll long file) {
    FileKey key = new FileKey(snapshot, file);
    assertEquals(new FileHandle(export, key), read(handles, write(handles, export, key)));
  }

  @Property
  void anyChangedBitIsNoticed(
      @ForAll long file, @ForAll @IntRange(min = 0, max = FileHandles.SIZE * 8 - 1) int bit) {
    ByteBuf bytes = write(handles, 7, FileKey.live(file));
    int at = 4 + bit / 8;
    bytes.setByte(at, bytes.getByte(at) ^ 1 << bit % 8);
    assertNull(read(handles, bytes));
  }

  @Test
  void anotherKeysHandlesAreForeign() {
    byte[] other = new byte[16];
    other[15] = 1;
    FileHandles foreign = new FileHandles(new SipHashMac(other));
    assertNull(read(handles, write(foreign, 7, FileKey.ROOT)));
  }

  @Test
  void theBytesAreThoseOfTheFormatPage() {
    ByteBuf bytes = write(handles, 0x0a0b0c0d, new FileKey(3, 0x1122334455667788L));
    String hex = HexFormat.of().formatHex(io.netty.buffer.ByteBufUtil.getBytes(bytes));
    assertTrue(
        hex.startsWith(
            "00000028" + "01000000" + "0a0b0c0d" + "0000000000000003" + "1122334455667788"),
        hex);
    assertEquals(2 * (4 + 40), hex.length());
    assertTrue(FileHandles.SIZE <= 56, "what ESXi takes");
  }

  @Test
  void sipHashGivesThePublishedResults() {
    // From the authors' vectors for 128 bits: key 00..0f, messages of no byte and of 00
    assertEquals("a3817f04ba25a8e66df67214c7550293", sipHash(0));
    assertEquals("da87c1d86b99af44347659119b22fc45", sipHash(1));
  }

  @Test
  void wordsAndBytesGiveTheSameHash() {
    byte[] message = new byte[24];
    for (int i = 0; i < message.length; i++) {
      message[i] = (byte) i;
    }
    HandleMac.Tag words =
        new SipHash(1, 2)
            .word(0x0706050403020100L)
            .word(0x0f0e0d0c0b0a0908L)
            .word(0x1716151413121110L)
            .last(24);
    assertEquals(new SipHash(1, 2).last(message), words);
  }

  private static String sipHash(int length) {
    byte[] message = new byte[length];
    for (int i = 0; i < length; i++) {
      message[i] = (byte) i;
    }
    HandleMac.Tag tag = new SipHash(0x0706050403020100L, 0x0f0e0d0c0b0a0908L).last(message);
    return HexFormat.of().toHexDigits(Long.reverseBytes(tag.high()))
        + HexFormat.of().toHexDigits(Long.reverseBytes(tag.low()));
  }

  private static ByteBuf write(FileHandles with, int export, FileKey key) {
    ByteBuf out = Unpooled.buffer();
    with.write(out, export, key);
    return out;
  }

  private static @Nullable FileHandle read(FileHandles with, ByteBuf bytes) {
    return with.read(XdrReader.over(bytes));
  }
}
