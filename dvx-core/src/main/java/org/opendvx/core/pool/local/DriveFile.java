package org.opendvx.core.pool.local;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** An open file of a drive. Positional reads and writes may run on several threads at once. */
public interface DriveFile extends Closeable {

  /**
   * Reads from a position until the buffer is full or the file ends.
   *
   * @return bytes read, 0 at or behind the end
   */
  int read(ByteBuffer target, long position) throws IOException;

  /** Writes all that remains in the buffer at a position. */
  void write(ByteBuffer source, long position) throws IOException;

  /**
   * Makes what was written durable. After a failure nothing may be assumed about bytes written
   * since the last success, even when a repeated call succeeds.
   *
   * @param metadata whether the file's length counts too
   */
  void force(boolean metadata) throws IOException;

  /** The file's length in bytes. */
  long size() throws IOException;
}
