package org.opendvx.core.pool.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;
import org.opendvx.core.pool.PoolStatus;

/** Frames between hosts and data nodes: cut out of the stream, statuses and errors read. */
public final class FrameFuzz implements FuzzTarget {
  /** Found by name. */
  public FrameFuzz() {}

  @Override
  public String name() {
    return "pool-frames";
  }

  @Override
  public List<byte[]> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    seeds.add(
        frame(Frame.REQUEST, Op.HELLO, new WireOut().u16(Frame.VERSION).uuid(new UUID(1, 2))));
    WireOut status = new WireOut();
    StatusCodec.write(
        status,
        new PoolStatus(
            PoolStatus.Health.DEGRADED,
            "one drive is missing",
            1,
            9,
            List.of(
                new PoolStatus.Drive(
                    0, "id", "/drive", PoolStatus.DriveState.EVICTED, "slow", 1, 2, 3)),
            new PoolStatus.Capacity(1, 2, 3, 4),
            5,
            6));
    seeds.add(frame(Frame.REPLY, Op.STATUS, status));
    DvxException error =
        DvxException.of(Kind.CONFLICT, "what").cause("why").remedy("do").detail("a", "b").build();
    seeds.add(frame(Frame.REPLY, Op.RECORD_PUT, WireErrors.encode(error)));
    return seeds;
  }

  private static byte[] frame(byte type, Op op, WireOut body) {
    ByteBuf bytes = Frames.encode(UnpooledByteBufAllocator.DEFAULT, type, op, 4, 7, 1000, body);
    byte[] array = new byte[bytes.readableBytes()];
    bytes.readBytes(array).release();
    return array;
  }

  @Override
  public long mostAllocated(int length) {
    // A channel, and the body that a stranger may announce.
    return (4L << 20) + Frame.MAX_STRANGER_BODY + 256L * length;
  }

  @Override
  public void check(byte[] input) {
    EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder(Frame.MAX_STRANGER_BODY));
    try {
      channel.writeInbound(Unpooled.wrappedBuffer(input));
      channel.checkException();
      for (Frame frame = channel.readInbound(); frame != null; frame = channel.readInbound()) {
        body(frame);
      }
    } catch (DecoderException e) {
      Checks.holds(e.getCause() instanceof BadFrameException, "not declared: " + e.getCause());
    } catch (BadFrameException e) {
      Checks.holds(e.getMessage() != null, "a reason");
    } finally {
      end(channel);
    }
  }

  /** What is left is read as the connection ends. */
  private static void end(EmbeddedChannel channel) {
    try {
      boolean _ = channel.finishAndReleaseAll();
    } catch (DecoderException e) {
      Checks.holds(e.getCause() instanceof BadFrameException, "not declared: " + e.getCause());
    }
  }

  private static void body(Frame frame) {
    Checks.holds(frame.length() <= Frame.MAX_STRANGER_BODY, "a body beyond the limit");
    try {
      DvxException told = WireErrors.decode(frame.status(), frame.in());
      Checks.holds(!told.render().isEmpty(), "an error without words");
    } catch (BadFrameException e) {
      Checks.holds(e.getMessage() != null, "a reason");
    }
    try {
      PoolStatus status = StatusCodec.read(frame.in());
      WireOut written = new WireOut();
      StatusCodec.write(written, status);
      PoolStatus again = StatusCodec.read(new WireIn(written.small(), 0, written.smallLength()));
      Checks.holds(status.equals(again), "a status");
    } catch (BadFrameException e) {
      Checks.holds(e.getMessage() != null, "a reason");
    } finally {
      frame.release();
    }
  }
}
