package org.opendvx.core.nfs.rpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.opendvx.core.nfs.xdr.MalformedXdrException;
import org.opendvx.core.nfs.xdr.XdrReader;

class RecordAssemblerTest {
  private static final int LAST = 1 << 31;

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);

  @Property(tries = 300)
  void recordsComeOutWhole(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 5_000) int receiveAtMost) {
    Random random = new Random(seed);
    List<byte[]> records = new ArrayList<>();
    ByteBuf stream = Unpooled.buffer();
    for (int i = 0; i < 20; i++) {
      byte[] record =
          new byte[random.nextInt(3) == 0 ? random.nextInt(30_000) : random.nextInt(50)];
      random.nextBytes(record);
      records.add(record);
      writeFragments(stream, record, random);
    }
    RecordAssembler assembler = new RecordAssembler(RpcLimits.DEFAULT);
    XdrReader window = new XdrReader();
    int next = 0;
    while (stream.isReadable()) {
      receive(assembler, stream, receiveAtMost, random);
      while (assembler.next(window)) {
        byte[] got = new byte[window.remaining()];
        window.buffer().getBytes(window.position(), got);
        assertArrayEquals(records.get(next++), got);
      }
      assembler.trim();
    }
    assertEquals(records.size(), next);
    assertFalse(assembler.isWithinRecord());
    assembler.release();
    assertEquals(0, allocator.metric().usedDirectMemory());
  }

  private static void writeFragments(ByteBuf stream, byte[] record, Random random) {
    int done = 0;
    while (random.nextBoolean()) {
      int length = random.nextInt(record.length - done + 1);
      stream.writeInt(length).writeBytes(record, done, length);
      done += length;
    }
    stream.writeInt(LAST | record.length - done).writeBytes(record, done, record.length - done);
  }

  /** As a channel does it. */
  private void receive(
      RecordAssembler assembler, ByteBuf stream, int receiveAtMost, Random random) {
    ByteBuf buffer = assembler.receiveBuffer(allocator, 1 + random.nextInt(receiveAtMost));
    if (random.nextInt(10) == 0) {
      buffer.release(); // nothing was there to be received
      return;
    }
    int length = Math.min(buffer.writableBytes(), stream.readableBytes());
    buffer.writeBytes(stream, Math.min(length, 1 + random.nextInt(receiveAtMost)));
    assembler.add(buffer);
  }

  @Test
  void aRecordThatAnnouncesTooMuchIsRefusedAtOnce() {
    RecordAssembler assembler = new RecordAssembler(RpcLimits.DEFAULT);
    assembler.add(direct().writeInt(LAST | Integer.MAX_VALUE));
    assertThrows(MalformedXdrException.class, () -> assembler.next(new XdrReader()));
    assembler.release();
    assertEquals(0, allocator.metric().usedDirectMemory());
  }

  @Test
  void fragmentsThatAddUpToTooMuchAreRefused() {
    RecordAssembler assembler = new RecordAssembler(RpcLimits.DEFAULT);
    int half = RpcLimits.DEFAULT.recordBytes() / 2 + 1;
    assembler.add(direct().writeInt(half).writeZero(half));
    assertFalse(assembler.next(new XdrReader()));
    assembler.add(direct().writeInt(LAST | half).writeZero(half));
    assertThrows(MalformedXdrException.class, () -> assembler.next(new XdrReader()));
    assembler.release();
    assertEquals(0, allocator.metric().usedDirectMemory());
  }

  @Test
  void emptyFragmentsWithoutEndAreRefused() {
    RecordAssembler assembler = new RecordAssembler(RpcLimits.DEFAULT);
    assembler.add(direct().writeZero(4 * RpcLimits.DEFAULT.fragments()));
    assertFalse(assembler.next(new XdrReader()));
    assertTrue(assembler.isWithinRecord());
    assembler.add(direct().writeZero(4));
    assertThrows(MalformedXdrException.class, () -> assembler.next(new XdrReader()));
    assembler.release();
    assertEquals(0, allocator.metric().usedDirectMemory());
  }

  @Test
  void aLargeRecordIsReceivedInPlace() {
    RecordAssembler assembler = new RecordAssembler(RpcLimits.DEFAULT);
    ByteBuf first = assembler.receiveBuffer(allocator, 65_536);
    assembler.add(first.writeInt(LAST | 1 << 20).writeZero(60_000));
    assertFalse(assembler.next(new XdrReader()));
    ByteBuf rest = assembler.receiveBuffer(allocator, 65_536);
    assertEquals((1 << 20) - 60_000, rest.writableBytes(), "room for all of it");
    int address = System.identityHashCode(rest);
    assembler.add(rest.writeZero(300_000));
    assertFalse(assembler.next(new XdrReader()));
    ByteBuf again = assembler.receiveBuffer(allocator, 65_536);
    assertEquals(address, System.identityHashCode(again), "the same buffer goes on");
    assembler.add(again.writeZero(again.writableBytes()));
    XdrReader window = new XdrReader();
    assertTrue(assembler.next(window));
    assertEquals(1 << 20, window.remaining());
    assembler.release();
    assertEquals(0, allocator.metric().usedDirectMemory());
  }

  private ByteBuf direct() {
    return allocator.directBuffer();
  }

  @Test
  void aPartOfARecordMarkIsKept() {
    RecordAssembler assembler = new RecordAssembler(RpcLimits.DEFAULT);
    assembler.add(direct().writeByte(0x80).writeByte(0));
    assertFalse(assembler.next(new XdrReader()));
    assembler.trim();
    ByteBuf rest = assembler.receiveBuffer(allocator, 100);
    assembler.add(rest.writeByte(0).writeByte(4).writeInt(99));
    XdrReader window = new XdrReader();
    assertTrue(assembler.next(window));
    assertEquals(99, window.readInt());
    assembler.release();
  }
}
