package org.opendvx.coordinator.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.MessageToByteEncoder;

/** Numbers messages and writes them as frames. */
public final class FrameEncoder extends MessageToByteEncoder<Message> {
  private long last;

  /** An encoder for one connection. */
  public FrameEncoder() {
    super(Message.class);
  }

  @Override
  protected void encode(ChannelHandlerContext context, Message message, ByteBuf out) {
    byte[] body = MessageCodec.encode(message, ++last);
    out.writeInt(Frame.MAGIC).writeShort(Frame.VERSION).writeShort(0).writeInt(body.length);
    out.writeBytes(body);
  }
}
