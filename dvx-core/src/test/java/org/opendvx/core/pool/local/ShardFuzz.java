package org.opendvx.core.pool.local;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/**
 * Shard files: a changed header or block is never taken for sound. The input begins with a name.
 */
public final class ShardFuzz implements FuzzTarget {
  private static final UUID POOL = new UUID(11, 12);
  private static final int NAME = 36;
  private final ShardName name =
      new ShardName(0xa13f, 0x5be0c2d1, new StripeShape(40_000, 4, 2), 3);
  private final byte[] good = file();

  /** Found by name. */
  public ShardFuzz() {}

  @Override
  public String name() {
    return "shard";
  }

  private byte[] file() {
    ByteBuffer file = ByteBuffer.allocate(ShardHeader.BYTES + name.shape().shardLength());
    for (int i = ShardHeader.BYTES; i < file.limit(); i++) {
      file.put(i, (byte) (i * 31));
    }
    ShardHeader.seal(file, POOL, name);
    return file.array();
  }

  @Override
  public List<byte[]> seeds() {
    String plain = name.path().substring(name.path().lastIndexOf('/') + 1);
    byte[] bytes = new byte[NAME + good.length];
    byte[] text = plain.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(text, 0, bytes, 0, text.length);
    System.arraycopy(good, 0, bytes, NAME, good.length);
    return List.of(bytes);
  }

  @Override
  public void repair(byte[] input) {
    Checks.putCrc(input, NAME, NAME + ShardHeader.BYTES - 4, NAME + ShardHeader.BYTES - 4);
  }

  @Override
  public void check(byte[] input) {
    if (input.length < NAME) {
      return;
    }
    String text = new String(input, 0, NAME, StandardCharsets.US_ASCII).replace("\0", "");
    ShardName parsed = ShardName.parse(text);
    if (parsed != null) {
      Checks.holds(parsed.path().endsWith("/" + text), "a name is not the one that was read");
    }
    ByteBuffer file = ByteBuffer.wrap(input, NAME, input.length - NAME).slice();
    ShardHeader header = ShardHeader.decode(file, POOL, name);
    if (header == null || file.limit() <= ShardHeader.BYTES) {
      return;
    }
    int length = Math.min(file.limit() - ShardHeader.BYTES, name.shape().shardLength());
    ByteBuffer data = file.slice(ShardHeader.BYTES, length);
    // Whether it holds or not: blocks beyond the table are an error of the caller, not of the file.
    boolean sound = header.verifies(data, 0, new CRC32C());
    boolean same =
        file.slice(0, ShardHeader.BYTES + length)
            .equals(ByteBuffer.wrap(good, 0, ShardHeader.BYTES + length));
    Checks.holds(!sound || same || forged(file), "changed bytes pass for sound");
  }

  /** Whether the header is another one than that of the good file, with checksums that fit. */
  private boolean forged(ByteBuffer file) {
    return !file.slice(0, ShardHeader.BYTES).equals(ByteBuffer.wrap(good, 0, ShardHeader.BYTES));
  }
}
