package org.opendvx.core.pool.remote;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.pool.local.StripeCoder;
import org.opendvx.core.pool.wire.BadFrameException;
import org.opendvx.core.pool.wire.Frame;
import org.opendvx.core.pool.wire.Frames;
import org.opendvx.core.pool.wire.Op;
import org.opendvx.core.pool.wire.WireErrors;
import org.opendvx.core.pool.wire.WireIn;
import org.opendvx.core.pool.wire.WireOut;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection to a data node, from its making to its end. Thread-safe. */
final class Link extends SimpleChannelInboundHandler<Frame> {
  private static final Logger LOG = LoggerFactory.getLogger(Link.class);
  private static final int MAX_SHARDS = 18;
  private static final int MAX_RANGE = 8 << 20;

  private final Executor workers;
  private final Runnable checkpointWanted;
  private final Map<Long, Pending> pending = new ConcurrentHashMap<>();
  private final AtomicLong nextId = new AtomicLong();
  private volatile @Nullable Channel channel;
  private volatile boolean lost;
  private volatile boolean heldUp;
  private volatile long lastHeard = System.nanoTime();

  /** A request under way. */
  static final class Pending {
    private final CompletableFuture<Frame> reply = new CompletableFuture<>();
    private final @Nullable Consumer<Frame> parts;
    private @Nullable ChannelFuture written;

    private Pending(@Nullable Consumer<Frame> parts) {
      this.parts = parts;
    }

    CompletableFuture<Frame> reply() {
      return reply;
    }

    /** Whether the request's bytes may still be read by the connection. */
    boolean unwritten() {
      ChannelFuture now = written;
      return now != null && !now.isDone();
    }
  }

  Link(Executor workers, Runnable checkpointWanted) {
    this.workers = workers;
    this.checkpointWanted = checkpointWanted;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    channel = context.channel();
  }

  void attach(Channel to) {
    channel = to;
  }

  boolean alive() {
    Channel now = channel;
    return !lost && now != null && now.isActive();
  }

  /** Whether nothing came for so long, though it could. */
  boolean silentFor(long nanos) {
    return !heldUp && System.nanoTime() - lastHeard > nanos;
  }

  /** Stops reading, or goes on. */
  void reading(boolean on) {
    Channel now = channel;
    if (now != null && heldUp == on) {
      lastHeard = System.nanoTime();
      heldUp = !on;
      now.config().setAutoRead(on);
    }
  }

  /**
   * Sends a request.
   *
   * @param parts receives the parts before the reply, on the connection's thread; may be null
   */
  Pending ask(Op op, int flags, long limitMillis, WireOut body, @Nullable Consumer<Frame> parts) {
    Pending call = new Pending(parts);
    long id = nextId.incrementAndGet();
    pending.put(id, call);
    Channel now = channel;
    if (lost || now == null) {
      pending.remove(id);
      call.reply.completeExceptionally(new LinkLostException("the connection ended"));
      return call;
    }
    int millis = (int) Math.min(Integer.MAX_VALUE, limitMillis);
    call.written =
        now.writeAndFlush(Frames.encode(now.alloc(), Frame.REQUEST, op, flags, id, millis, body));
    var _ =
        call.written.addListener(
            result -> {
              if (!result.isSuccess()) {
                call.reply.completeExceptionally(new LinkLostException("it could not be sent"));
              }
            });
    var _ = call.reply.whenComplete((_, _) -> pending.remove(id));
    return call;
  }

  /** Ends the connection; what it was sending is not read any more when this returns. */
  void close() {
    Channel now = channel;
    lost = true;
    if (now != null) {
      now.close().awaitUninterruptibly();
    }
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, Frame frame) {
    lastHeard = System.nanoTime();
    switch (frame.type()) {
      case Frame.REPLY -> {
        Pending call = pending.remove(frame.id());
        if (call != null) {
          call.reply.complete(frame);
        }
      }
      case Frame.PART -> {
        Pending call = pending.get(frame.id());
        if (call != null && call.parts != null) {
          call.parts.accept(frame);
        }
      }
      case Frame.REQUEST -> workers.execute(() -> serve(context.channel(), frame));
      default -> {
        if (frame.op() == Op.CHECKPOINT_WANTED) {
          workers.execute(checkpointWanted);
        }
      }
    }
  }

  /** Computes a shard for the data node. */
  private void serve(Channel to, Frame frame) {
    int status = WireErrors.OK;
    WireOut body = new WireOut();
    try {
      if (frame.op() != Op.REBUILD) {
        throw new BadFrameException("a data node asks for shards alone");
      }
      byte[] rebuilt = rebuild(frame.in());
      body.large(rebuilt, 0, rebuilt.length);
    } catch (RuntimeException e) {
      LOG.warn("A shard cannot be computed", e);
      status = 1;
    }
    var _ =
        to.writeAndFlush(
            Frames.encode(to.alloc(), Frame.REPLY, frame.op(), status, frame.id(), 0, body));
    frame.release();
  }

  private static byte[] rebuild(WireIn in) {
    int dataShards = in.u8();
    int wanted = in.u8();
    int length = in.i32();
    int present = in.i32();
    int shards = dataShards + 2;
    if (dataShards < 1
        || shards > MAX_SHARDS
        || wanted >= shards
        || length < 1
        || length > MAX_RANGE
        || Integer.bitCount(present) != dataShards
        || present >>> shards != 0
        || (present >>> wanted & 1) != 0) {
      throw new BadFrameException("no such shard can be computed");
    }
    byte[] @Nullable [] ranges = new byte[shards][];
    for (int i = 0; i < shards; i++) {
      if ((present >>> i & 1) != 0) {
        ranges[i] = in.copy(length);
      }
    }
    return StripeCoder.rebuilt(dataShards, ranges, wanted, length);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    lost = true;
    LinkLostException why = new LinkLostException("the connection ended");
    pending.values().forEach(call -> call.reply.completeExceptionally(why));
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    LOG.debug("A connection to the data node is closed", cause);
    lost = true;
    var _ = context.close();
  }
}
