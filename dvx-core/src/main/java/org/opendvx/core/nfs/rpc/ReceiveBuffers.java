package org.opendvx.core.nfs.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;

/**
 * Gives one connection's channel the buffers to receive into: those of its {@link RecordAssembler},
 * of a size that follows the traffic.
 */
final class ReceiveBuffers extends DefaultMaxMessagesRecvByteBufAllocator {
  private static final int SMALLEST = 4 << 10;
  private static final int LARGEST = 128 << 10;
  private static final int START = 16 << 10;
  private static final int SMALL_READS_TO_SHRINK = 16;

  private final RecordAssembler assembler;

  private final RpcMetrics metrics;

  ReceiveBuffers(RecordAssembler assembler, RpcMetrics metrics) {
    this.assembler = assembler;
    this.metrics = metrics;
  }

  @Override
  @SuppressWarnings("deprecation") // Netty's SPI names the deprecated type
  public Handle newHandle() {
    return new Sized();
  }

  private final class Sized extends MaxMessageHandle {
    private int size = START;
    private int smallReads;

    @Override
    public ByteBuf allocate(ByteBufAllocator allocator) {
      return assembler.receiveBuffer(allocator, size);
    }

    @Override
    public int guess() {
      return size;
    }

    @Override
    public void lastBytesRead(int bytes) {
      super.lastBytesRead(bytes);
      if (bytes > 0) {
        metrics.received(bytes);
      }
      if (bytes >= size && size < LARGEST) {
        size *= 2;
        smallReads = 0;
      } else if (bytes >= 0 && bytes < size / 4 && size > SMALLEST) {
        smallReads++;
        if (smallReads == SMALL_READS_TO_SHRINK) {
          size /= 2;
          smallReads = 0;
        }
      }
    }
  }
}
