package org.opendvx.core.cache;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Bytes on flash, all in one range. Thread-safe; any error means that the device is given up. */
public interface FlashDevice extends AutoCloseable {
  /** Bytes that the cache may use. */
  long size();

  /** Reads until the buffer is full. */
  void read(ByteBuffer target, long position) throws IOException;

  /** Writes all of the buffer. */
  void write(ByteBuffer source, long position) throws IOException;

  @Override
  void close() throws IOException;

  /** Opens a device, again after it was given up. */
  @FunctionalInterface
  interface Opener {
    /**
     * Opens it.
     *
     * @throws IOException when it is not there
     */
    FlashDevice open() throws IOException;
  }
}
