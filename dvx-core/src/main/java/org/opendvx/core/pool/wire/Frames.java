package org.opendvx.core.pool.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;

/** Frames on their way out. */
public final class Frames {
  private Frames() {}

  /**
   * A frame as a buffer; large parts are not copied.
   *
   * @param status of a reply, or flags of a request
   */
  public static ByteBuf encode(
      ByteBufAllocator allocator,
      byte type,
      Op op,
      int status,
      long id,
      int limitMillis,
      WireOut body) {
    int small = body.smallLength();
    ByteBuf head = allocator.heapBuffer(Frame.HEADER + small);
    head.writeShort(Frame.MAGIC)
        .writeByte(type)
        .writeByte(op.code())
        .writeShort(status)
        .writeShort(0)
        .writeLong(id)
        .writeInt(limitMillis)
        .writeInt(body.total())
        .writeBytes(body.small(), 0, small);
    if (body.pieces().isEmpty()) {
      return head;
    }
    CompositeByteBuf whole = allocator.compositeBuffer(1 + body.pieces().size());
    whole.addComponent(true, head);
    for (WireOut.Piece piece : body.pieces()) {
      whole.addComponent(
          true, Unpooled.wrappedBuffer(piece.array(), piece.offset(), piece.length()));
    }
    return whole;
  }
}
