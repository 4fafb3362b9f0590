package org.opendvx.server.bench.rpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;

class RpcTest {
  private static final Credentials WHO = new Credentials("abc", 36, 37);

  @Test
  void aCallIsLaidOutAsTheRfcSays() {
    ByteBuffer out = ByteBuffer.allocate(200);
    int mark = RpcMessage.beginCall(out, 0x01020304, 100_003, 3, 6, WHO.encoded());
    Xdr.putOpaque(out, new byte[] {1, 2, 3, 4, 5});
    RpcMessage.endCall(out, mark);
    byte[] bytes = new byte[out.position()];
    out.flip().get(bytes);
    assertEquals(
        "8000004c" // last fragment, 76 bytes
            + "01020304" // xid
            + "00000000" // call
            + "00000002" // RPC version
            + "000186a300000003" // NFS version 3
            + "00000006" // READ
            + "00000001" // AUTH_SYS
            + "00000018" // its length
            + "00000000" // stamp
            + "0000000361626300" // machine
            + "0000002400000025" // uid and gid
            + "00000000" // no further groups
            + "0000000000000000" // empty verifier
            + "000000050102030405000000", // padded opaque
        HexFormat.of().formatHex(bytes));
  }

  @Property
  void opaquesSurviveAndKeepTheWordGrid(@ForAll @Size(max = 70) byte[] bytes) throws RpcException {
    ByteBuffer buffer = ByteBuffer.allocate(100);
    Xdr.putOpaque(buffer, bytes);
    assertEquals(Xdr.opaqueSize(bytes.length), buffer.position());
    assertEquals(0, buffer.position() % 4);
    buffer.flip();
    assertArrayEquals(bytes, Xdr.getOpaque(buffer, 70));
    assertEquals(0, buffer.remaining());
  }

  @Test
  void lengthsBeyondTheLimitOrTheEndAreRefused() {
    ByteBuffer tooLong = ByteBuffer.allocate(100).putInt(0, 65);
    assertThrows(RpcException.class, () -> Xdr.getOpaque(tooLong, 64));
    ByteBuffer negative = ByteBuffer.allocate(100).putInt(0, -1);
    assertThrows(RpcException.class, () -> Xdr.getOpaque(negative, 64));
    ByteBuffer cut = ByteBuffer.allocate(10).putInt(0, 7);
    assertThrows(RpcException.class, () -> Xdr.getOpaque(cut, 64));
  }

  @Property
  void recordsAreFoundHoweverTheyAreCut(
      @ForAll @IntRange(min = 1, max = 200) int size,
      @ForAll @IntRange(min = 1, max = 50) int fragment,
      @ForAll @IntRange(min = 1, max = 60) int arrival)
      throws RpcException {
    byte[] message = new byte[size];
    for (int i = 0; i < size; i++) {
      message[i] = (byte) i;
    }
    ByteBuffer wire = ByteBuffer.allocate(2000);
    for (int at = 0; at < size; at += fragment) {
      int n = Math.min(fragment, size - at);
      wire.putInt((at + n == size ? RpcMessage.LAST_FRAGMENT : 0) | n).put(message, at, n);
    }
    wire.putInt(RpcMessage.LAST_FRAGMENT | 4).putInt(42);
    wire.flip();
    RecordAssembler records = new RecordAssembler(1000);
    ByteBuffer stream = ByteBuffer.allocate(2000);
    int found = 0;
    while (wire.hasRemaining()) {
      int n = Math.min(arrival, wire.remaining());
      stream.put(wire.slice(wire.position(), n));
      wire.position(wire.position() + n);
      stream.flip();
      ByteBuffer record = records.next(stream);
      while (record != null) {
        if (found++ == 0) {
          assertEquals(ByteBuffer.wrap(message), record);
        } else {
          assertEquals(42, record.getInt());
        }
        record = records.next(stream);
      }
      stream.compact();
    }
    assertEquals(2, found);
  }

  @Test
  void anOversizedRecordIsRefusedAtItsMark() {
    ByteBuffer stream = ByteBuffer.allocate(8).putInt(0, Integer.MAX_VALUE);
    assertThrows(RpcException.class, () -> new RecordAssembler(1 << 20).next(stream));
  }

  @Test
  void fragmentsThatTogetherAreTooLargeAreRefused() throws RpcException {
    RecordAssembler records = new RecordAssembler(10);
    ByteBuffer stream = ByteBuffer.allocate(24);
    stream.putInt(8).put(new byte[8]).putInt(8).put(new byte[8]).flip();
    assertThrows(RpcException.class, () -> records.next(stream));
    assertNull(new RecordAssembler(10).next(ByteBuffer.allocate(3)));
  }

  @Test
  void rejectionsAreToldInWords() {
    ByteBuffer denied = ByteBuffer.allocate(40).putInt(1).putInt(1).putInt(1).putInt(5).flip();
    RpcException error = assertThrows(RpcException.class, () -> RpcMessage.readReplyHead(denied));
    assertTrue(String.valueOf(error.getMessage()).contains("authentication error 5"));
    ByteBuffer unknown =
        ByteBuffer.allocate(40).putInt(1).putInt(0).putInt(0).putInt(0).putInt(1).flip();
    error = assertThrows(RpcException.class, () -> RpcMessage.readReplyHead(unknown));
    assertTrue(String.valueOf(error.getMessage()).contains("program unavailable"));
  }

  @Test
  void targetsAreUnderstood() {
    Target plain = parse("box:/a/b");
    assertEquals("box", plain.host());
    assertEquals("/a/b", plain.export());
    assertEquals("::1", parse("[::1]:/dvx").host());
    assertThrows(DvxException.class, () -> parse("box"));
    assertThrows(DvxException.class, () -> parse(":/x"));
  }

  private static Target parse(String text) {
    return Target.parse(text, 0, 0, WHO, Duration.ofSeconds(1), false);
  }
}
