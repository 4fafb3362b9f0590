package org.opendvx.server.bench.rpc;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a byte stream into RPC records. A record of one fragment, which is nearly every one, is
 * handed out as a view of the stream's buffer; others are put together in a buffer of their own.
 * Not thread-safe.
 */
public final class RecordAssembler {
  private final int limit;
  private @Nullable ByteBuffer parts;

  /** Refuses records of more than {@code limit} bytes. */
  public RecordAssembler(int limit) {
    this.limit = limit;
  }

  /**
   * Takes the next whole record from {@code stream}, which is in read mode, or null when more bytes
   * are needed. The result is valid until the stream's buffer changes or the next call.
   */
  public @Nullable ByteBuffer next(ByteBuffer stream) throws RpcException {
    while (stream.remaining() >= 4) {
      int mark = stream.getInt(stream.position());
      int length = mark & ~RpcMessage.LAST_FRAGMENT;
      boolean last = mark < 0;
      ByteBuffer begun = parts;
      int before = begun == null ? 0 : begun.position();
      if (length > limit - before) {
        throw new RpcException("the server announced a record of more than " + limit + " bytes");
      }
      if (stream.remaining() - 4 < length) {
        return null;
      }
      int start = stream.position() + 4;
      stream.position(start + length);
      if (last && begun == null) {
        return stream.slice(start, length);
      }
      if (begun == null) {
        begun = ByteBuffer.allocate(limit);
        parts = begun;
      }
      begun.put(stream.slice(start, length));
      if (last) {
        parts = null;
        return begun.flip();
      }
    }
    return null;
  }

  /** Forgets a record that was begun, as after a lost connection. */
  public void reset() {
    parts = null;
  }
}
