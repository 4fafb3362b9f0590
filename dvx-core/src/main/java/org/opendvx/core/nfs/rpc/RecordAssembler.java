package org.opendvx.core.nfs.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.nfs.xdr.MalformedXdrException;
import org.opendvx.core.nfs.xdr.XdrReader;

/**
 * Cuts the byte stream in records (RFC 5531, section 11). Bytes that are received wait in one
 * buffer; while a record is incomplete the same buffer, made large enough for it, is handed out to
 * be received into, so that a large record is copied at most once and only its first part. Confined
 * to the event loop.
 */
final class RecordAssembler {
  private static final int LAST_FRAGMENT = 1 << 31;

  private final int recordBytes;
  private final int maxFragments;

  private @Nullable ByteBuf waiting;

  /** Bytes that the waiting buffer must hold before there is any use in looking again. */
  private int needed = RpcReply.MARK;

  /** Fragments of a record of which the last is still to come. */
  private @Nullable ByteBuf fragments;

  private int fragmentCount;
  private boolean fragmentsDone;

  RecordAssembler(RpcLimits limits) {
    this.recordBytes = limits.recordBytes();
    this.maxFragments = limits.fragments();
  }

  /**
   * A buffer to receive into, with a reference for the receiver.
   *
   * @param usual bytes to make room for unless a record needs more
   */
  ByteBuf receiveBuffer(ByteBufAllocator allocator, int usual) {
    ByteBuf held = waiting;
    if (held == null) {
      return allocator.directBuffer(usual);
    }
    int missing = Math.max(needed - held.readableBytes(), 1);
    if (held.writableBytes() < missing) {
      int room = Math.max(missing, held.readableBytes() > usual ? 0 : usual);
      ByteBuf larger = allocator.directBuffer(held.readableBytes() + room);
      larger.writeBytes(held, held.readerIndex(), held.readableBytes());
      held.release();
      waiting = larger;
      held = larger;
    }
    return held.retain();
  }

  /** Takes received bytes, and their reference. */
  @SuppressWarnings("ReferenceEquality") // the same buffer, not one with equal bytes
  void add(ByteBuf received) {
    ByteBuf held = waiting;
    if (held == null) {
      waiting = received;
    } else if (held == received) {
      received.release();
    } else {
      waiting = held.alloc().directBuffer(held.readableBytes() + received.readableBytes());
      waiting.writeBytes(held).writeBytes(received);
      held.release();
      received.release();
    }
  }

  /**
   * Sets the window on the next complete record; valid until the next call.
   *
   * @return false when there is none yet
   * @throws MalformedXdrException when the stream breaks a limit; it cannot be read on
   */
  boolean next(XdrReader window) {
    dropFinished();
    ByteBuf held = waiting;
    while (held != null && held.readableBytes() >= RpcReply.MARK) {
      int mark = held.getInt(held.readerIndex());
      int length = mark & ~LAST_FRAGMENT;
      boolean last = mark < 0;
      if (length > recordBytes) {
        throw new MalformedXdrException("record too long");
      }
      if (held.readableBytes() < RpcReply.MARK + length) {
        needed = RpcReply.MARK + length;
        return false;
      }
      int start = held.readerIndex() + RpcReply.MARK;
      held.readerIndex(start + length);
      needed = RpcReply.MARK;
      if (last && fragments == null) {
        window.window(held, start, length);
        return true;
      }
      ByteBuf record = addFragment(held, start, length);
      if (last) {
        fragmentsDone = true;
        window.window(record, record.readerIndex(), record.readableBytes());
        return true;
      }
    }
    return false;
  }

  /** Whether a record has begun that is not complete. */
  boolean isWithinRecord() {
    ByteBuf held = waiting;
    return fragments != null || (held != null && held.isReadable());
  }

  /** Lets go of the waiting buffer when all of it was used. */
  void trim() {
    dropFinished();
    ByteBuf held = waiting;
    if (held != null && !held.isReadable()) {
      held.release();
      waiting = null;
    }
  }

  /** Lets go of everything. */
  void release() {
    if (waiting != null) {
      waiting.release();
      waiting = null;
    }
    if (fragments != null) {
      fragments.release();
      fragments = null;
    }
  }

  private ByteBuf addFragment(ByteBuf from, int start, int length) {
    fragmentCount++;
    int total = length + (fragments == null ? 0 : fragments.readableBytes());
    if (total > recordBytes || fragmentCount > maxFragments) {
      throw new MalformedXdrException("record too long");
    }
    ByteBuf record = fragments;
    if (record == null) {
      record = from.alloc().directBuffer(length, recordBytes);
      fragments = record;
    }
    record.writeBytes(from, start, length);
    return record;
  }

  private void dropFinished() {
    ByteBuf record = fragments;
    if (fragmentsDone && record != null) {
      record.release();
      fragments = null;
      fragmentCount = 0;
      fragmentsDone = false;
    }
  }
}
