package org.opendvx.core.nfs.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.nfs.xdr.Xdr;

/**
 * Gathers a connection's replies in shared buffers, so that a batch of requests costs one write to
 * the network. A reply whose data comes later keeps its place: see {@link #detach}. Confined to the
 * event loop.
 *
 * <p>Buffers never grow: data may be on its way into them from other threads.
 */
final class ReplyBatch implements ReplySpace {
  private static final int SMALLEST = 2 << 10;
  private static final int LARGEST = 256 << 10;
  private static final int FLUSH_AT = 512 << 10;

  /** A buffer from this size on is not left to wait for the network when it is nearly empty. */
  private static final int COPY_FROM = 64 << 10;

  private static final int NEARLY_EMPTY = 8;

  private final ChannelHandlerContext context;
  private final RpcMetrics metrics;

  /** The buffer that is being filled. */
  private @Nullable ByteBuf buffer;

  /** Where the part of it begins that was not handed to the channel. */
  private int unsent;

  /** Where the current reply begins. */
  private int start;

  /** Bytes that the current reply has reserved, with mark and header; 0 for none. */
  private int reserved;

  /** Bytes written since the last flush, and what the last batch came to. */
  private int gathered;

  private int usual = SMALLEST;
  private boolean written;

  ReplyBatch(ChannelHandlerContext context, RpcMetrics metrics) {
    this.context = context;
    this.metrics = metrics;
  }

  @Override
  public ByteBuffer reserve(int before, int data) {
    int header = RpcReply.MARK + RpcReply.ACCEPTED_HEADER;
    int total = header + Math.max(before + data + Xdr.padding(data), RpcRequest.SMALL_REPLY);
    ByteBuf out = room(total);
    reserved = total;
    start = out.writerIndex();
    return out.nioBuffer(start + header + before, data);
  }

  /** Whether the current request has reserved space. */
  boolean hasReserved() {
    return reserved > 0;
  }

  /** Bytes that the current request has reserved. */
  int reserved() {
    return reserved;
  }

  /** Forgets a reservation that was not used. */
  void dropReserved() {
    reserved = 0;
  }

  /**
   * Starts a reply, in the reserved space if there is some: the writer index is after the place of
   * the record mark.
   *
   * @param bound the most bytes that follow the mark
   */
  ByteBuf begin(int bound) {
    ByteBuf out = reserved > 0 && buffer != null ? buffer : room(RpcReply.MARK + bound);
    reserved = 0;
    start = out.writerIndex();
    return out.writerIndex(start + RpcReply.MARK);
  }

  /** Ends the reply that {@link #begin} started. */
  void end(ByteBuf out) {
    RpcReply.setMark(out, start);
    gathered += out.writerIndex() - start;
  }

  /** Undoes {@link #begin}. */
  void undo(ByteBuf out) {
    out.writerIndex(start);
  }

  /**
   * Cuts the reserved space out of the batch, for a request that completes later.
   *
   * @return the space, empty, for {@link #append}; to be released by whoever does not append it
   */
  ByteBuf detach() {
    ByteBuf out = buffer;
    if (out == null || reserved == 0) {
      throw new IllegalStateException("nothing is reserved");
    }
    emitFilled(out);
    ByteBuf space = out.retainedSlice(start, reserved).writerIndex(0);
    out.writerIndex(start + reserved);
    unsent = out.writerIndex();
    reserved = 0;
    return space;
  }

  /** Adds a complete record. */
  void append(ByteBuf record) {
    emit();
    gathered += record.readableBytes();
    write(fitting(record));
  }

  /** Whether so much was gathered that it should be sent before more is added. */
  boolean isFull() {
    return gathered >= FLUSH_AT;
  }

  /** Sends what was gathered. */
  void flush() {
    emit();
    if (written) {
      written = false;
      metrics.sent(gathered);
      usual = Math.clamp(usual - usual / 4 + gathered / 2, SMALLEST, LARGEST);
      gathered = 0;
      context.flush();
    }
  }

  /** Lets go of everything that was not sent. */
  void release() {
    ByteBuf out = buffer;
    buffer = null;
    reserved = 0;
    gathered = 0;
    if (out != null) {
      out.release();
    }
  }

  /** A buffer with that much room, from its writer index. */
  private ByteBuf room(int bytes) {
    ByteBuf out = buffer;
    if (out != null && out.writableBytes() >= bytes) {
      return out;
    }
    emit();
    int size = Math.max(bytes, usual);
    ByteBuf fresh = context.alloc().directBuffer(size, size);
    buffer = fresh;
    unsent = 0;
    return fresh;
  }

  /** Hands the filled part to the channel and gives up the buffer. */
  private void emit() {
    ByteBuf out = buffer;
    if (out == null) {
      return;
    }
    buffer = null;
    if (out.writerIndex() > unsent) {
      write(fitting(out.readerIndex(unsent)));
    } else {
      out.release();
    }
  }

  /** Hands the filled part to the channel and keeps the buffer for what follows. */
  private void emitFilled(ByteBuf out) {
    if (start > unsent) {
      write(out.retainedSlice(unsent, start - unsent));
      unsent = start;
    }
  }

  /** The bytes in a buffer of their size, when theirs is much larger: clients choose how large. */
  private ByteBuf fitting(ByteBuf bytes) {
    int length = bytes.readableBytes();
    if (bytes.capacity() < COPY_FROM || length > bytes.capacity() / NEARLY_EMPTY) {
      return bytes;
    }
    ByteBuf copy = context.alloc().directBuffer(length, length).writeBytes(bytes);
    bytes.release();
    return copy;
  }

  private void write(ByteBuf bytes) {
    written = true;
    var _ = context.write(bytes, context.voidPromise());
  }
}
