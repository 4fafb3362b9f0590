package org.opendvx.coordinator.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;

/** Cuts the stream into frames and reads each; ends at the first that breaks a limit. */
public final class FrameDecoder extends ByteToMessageDecoder {
  private long expected = 1;
  private boolean broken;

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
    if (broken) {
      in.skipBytes(in.readableBytes());
      return;
    }
    try {
      Envelope envelope = next(in);
      if (envelope != null) {
        out.add(envelope);
      }
    } catch (ProtocolException e) {
      broken = true;
      in.skipBytes(in.readableBytes());
      throw e;
    }
  }

  private @org.jspecify.annotations.Nullable Envelope next(ByteBuf in) {
    int start = in.readerIndex();
    // Judged as early as possible: a stray client may never send a whole header.
    if (in.readableBytes() >= 4 && in.getInt(start) != Frame.MAGIC) {
      throw new ProtocolException(RefusalCode.PROTOCOL, "this is not the agent protocol");
    }
    if (in.readableBytes() < Frame.HEADER) {
      return null;
    }
    int version = in.getUnsignedShort(start + 4);
    if (version != Frame.VERSION) {
      throw new ProtocolException(
          RefusalCode.VERSION, "version " + version + " is not spoken, only " + Frame.VERSION);
    }
    if (in.getUnsignedShort(start + 6) != 0) {
      throw new ProtocolException(RefusalCode.PROTOCOL, "a reserved field is not zero");
    }
    long length = in.getUnsignedInt(start + 8);
    if (length < Frame.MIN_BODY || length > Frame.MAX_BODY) {
      throw new ProtocolException(RefusalCode.LIMIT, "a body of " + length + " bytes");
    }
    if (in.readableBytes() < Frame.HEADER + length) {
      return null;
    }
    byte[] body = new byte[(int) length];
    in.skipBytes(Frame.HEADER);
    in.readBytes(body);
    Envelope envelope = MessageCodec.decode(body);
    if (envelope.seq() != expected) {
      throw new ProtocolException(
          RefusalCode.PROTOCOL, "message number " + envelope.seq() + ", expected " + expected);
    }
    expected++;
    return envelope;
  }
}
