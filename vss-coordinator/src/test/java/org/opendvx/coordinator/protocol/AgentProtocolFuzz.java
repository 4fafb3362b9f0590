package org.opendvx.coordinator.protocol;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** What a guest agent sends: frames, and the messages in them. */
public final class AgentProtocolFuzz implements FuzzTarget {
  private static final String SESSION = new UUID(1, 2).toString();
  private static final String MACHINE =
      "{\"platform\":\"linux\",\"os\":\"Linux\",\"biosUuid\":\"00AA\",\"macs\":[\"00:50\"]}";

  /** Found by name. */
  public AgentProtocolFuzz() {}

  @Override
  public String name() {
    return "agent-protocol";
  }

  @Override
  public List<byte[]> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    for (String body :
        List.of(
            "\"type\":\"heartbeat\",\"ping\":3",
            "\"type\":\"enroll\",\"token\":\"t\",\"csr\":\"c\",\"machine\":" + MACHINE,
            "\"type\":\"hello\",\"agent\":\"1.0\",\"capabilities\":[\"freeze\"],\"busy\":false,\"machine\":"
                + MACHINE,
            "\"type\":\"proof\",\"nonce\":\"n\"",
            "\"type\":\"prepared\",\"volumes\":[\"/\"],\"skipped\":[],\"writers\":[]" + session(),
            "\"type\":\"frozen\",\"writersFrozen\":12" + session(),
            "\"type\":\"thawed\",\"held\":true,\"released\":\"COMMITTED\",\"writersFrozen\":1,\"writesHeld\":2"
                + session(),
            "\"type\":\"document\",\"part\":1,\"last\":true,\"data\":\"YWJj\"" + session(),
            "\"type\":\"report\",\"outcome\":\"SUCCESS\",\"reached\":\"APPLICATION\",\"reason\":\"\",\"documentBytes\":3,\"hooks\":[]"
                + session(),
            "\"type\":\"failed\",\"stage\":\"s\",\"code\":\"c\",\"message\":\"m\"" + session(),
            "\"type\":\"shutdown\"",
            "\"type\":\"something new\",\"x\":{\"y\":[1,2.5,null]}")) {
      seeds.add(
          frame(("{\"seq\":1," + body + "}").getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    }
    seeds.add(frame(MessageCodec.encode(new Message.Heartbeat(3), 1)));
    return seeds;
  }

  private static String session() {
    return ",\"session\":\"" + SESSION + "\"";
  }

  private static byte[] frame(byte[] body) {
    return ByteBuffer.allocate(Frame.HEADER + body.length)
        .putInt(Frame.MAGIC)
        .putShort((short) Frame.VERSION)
        .putShort((short) 0)
        .putInt(body.length)
        .put(body)
        .array();
  }

  /** The length, which nothing gets behind while it is wrong. */
  @Override
  public void repair(byte[] input) {
    if (input.length > Frame.HEADER) {
      Checks.putInt(input, 8, input.length - Frame.HEADER);
    }
  }

  @Override
  public long mostAllocated(int length) {
    return (4L << 20) + 512L * length;
  }

  @Override
  public void check(byte[] input) {
    EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
    try {
      channel.writeInbound(Unpooled.wrappedBuffer(input));
      channel.checkException();
      for (Envelope got = channel.readInbound(); got != null; got = channel.readInbound()) {
        again(got);
      }
    } catch (DecoderException e) {
      Checks.holds(e.getCause() instanceof ProtocolException, "not declared: " + e.getCause());
    } finally {
      end(channel);
    }
  }

  private static void again(Envelope got) {
    if (got.message() instanceof Message.Unknown) {
      return;
    }
    byte[] written = MessageCodec.encode(got.message(), got.seq());
    Envelope read = MessageCodec.decode(written);
    Checks.same(written, MessageCodec.encode(read.message(), read.seq()), "a message");
  }

  /** What is left is read as the connection ends. */
  private static void end(EmbeddedChannel channel) {
    try {
      boolean _ = channel.finishAndReleaseAll();
    } catch (DecoderException e) {
      Checks.holds(e.getCause() instanceof ProtocolException, "not declared: " + e.getCause());
    }
  }
}
