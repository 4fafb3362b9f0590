package org.opendvx.core.cache;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;

/** A flash device in memory that can be damaged, torn, slowed down, pulled and replaced. */
final class MemoryDevice {
  private byte[] bytes;
  private boolean pulled;
  private boolean failing;

  /** Bytes that may still be written before the process is "killed" in the middle of a write. */
  private long untilKilled = Long.MAX_VALUE;

  MemoryDevice(int size) {
    this.bytes = new byte[size];
  }

  /** Opens it as the cache does. */
  FlashDevice open() throws IOException {
    check();
    byte[] opened = bytes;
    return new FlashDevice() {
      @Override
      public long size() {
        return opened.length;
      }

      @Override
      public void read(ByteBuffer target, long position) throws IOException {
        synchronized (MemoryDevice.this) {
          check();
          int length = target.remaining();
          target.put(opened, Math.toIntExact(position), length);
        }
      }

      @Override
      public void write(ByteBuffer source, long position) throws IOException {
        synchronized (MemoryDevice.this) {
          check();
          int length = (int) Math.min(source.remaining(), untilKilled);
          untilKilled -= length;
          source.get(opened, Math.toIntExact(position), length);
          source.position(source.limit());
        }
      }

      @Override
      public void close() {
        // Nothing is held.
      }
    };
  }

  private synchronized void check() throws IOException {
    if (pulled) {
      throw new IOException("No such device");
    }
    if (failing) {
      throw new IOException("Input/output error");
    }
  }

  synchronized void setPulled(boolean now) {
    pulled = now;
  }

  synchronized void setFailing(boolean now) {
    failing = now;
  }

  synchronized void killAfter(long writtenBytes) {
    untilKilled = writtenBytes;
  }

  synchronized void put(int at, byte value) {
    bytes[at] = value;
  }

  synchronized byte[] content() {
    return bytes.clone();
  }

  synchronized void replace() {
    bytes = new byte[bytes.length];
  }

  /** Turns over one bit in every so many bytes. */
  synchronized void flipBits(Random random, int every) {
    for (int at = SegmentFormat.DEVICE_HEADER + random.nextInt(every);
        at < bytes.length;
        at += 1 + random.nextInt(2 * every)) {
      bytes[at] ^= (byte) (1 << random.nextInt(8));
    }
  }
}
