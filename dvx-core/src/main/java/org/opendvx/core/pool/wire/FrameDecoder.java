package org.opendvx.core.pool.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Cuts the stream in {@link Frame}s; a body is copied once, into the array in which it stays. */
public final class FrameDecoder extends ByteToMessageDecoder {
  private volatile int maxBody;
  private byte @Nullable [] body;
  private int length;
  private int have;
  private byte type;
  private @Nullable Op op;
  private int status;
  private long id;
  private int limitMillis;

  /** A decoder that takes bodies of at most so many bytes, for now. */
  public FrameDecoder(int maxBody) {
    this.maxBody = maxBody;
  }

  /** Takes other lengths from the next frame on. */
  public void maxBody(int bytes) {
    maxBody = bytes;
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
    byte[] target = body;
    if (target == null) {
      if (in.readableBytes() < Frame.HEADER) {
        return;
      }
      target = header(in);
      body = target;
    }
    int take = Math.min(in.readableBytes(), length - have);
    in.readBytes(target, have, take);
    have += take;
    Op complete = op;
    if (have == length && complete != null) {
      body = null;
      out.add(new Frame(type, complete, status, id, limitMillis, target, length));
    }
  }

  private byte[] header(ByteBuf in) {
    if (in.readShort() != Frame.MAGIC) {
      throw new BadFrameException("it does not begin as one");
    }
    type = in.readByte();
    op = Op.of(in.readByte());
    status = in.readUnsignedShort();
    if (in.readShort() != 0 || op == null || type < Frame.REQUEST || type > Frame.EVENT) {
      throw new BadFrameException("its kind is not known");
    }
    id = in.readLong();
    limitMillis = in.readInt();
    length = in.readInt();
    if (length < 0 || length > maxBody) {
      throw new BadFrameException("a body of " + length + " bytes");
    }
    have = 0;
    return BodyArrays.take(length);
  }

  @Override
  protected void handlerRemoved0(ChannelHandlerContext context) {
    byte[] unfinished = body;
    body = null;
    if (unfinished != null) {
      BodyArrays.give(unfinished);
    }
  }
}
