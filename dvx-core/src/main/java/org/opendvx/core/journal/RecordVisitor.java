package org.opendvx.core.journal;

import java.nio.ByteBuffer;

/** Receives the records of a journal in order. */
@FunctionalInterface
public interface RecordVisitor {
  /**
   * One record. The buffers are valid during the call only.
   *
   * @param kind as given to {@link Journal#append}
   * @param secret the sealed part, opened
   * @param tail the part that was stored as it was
   */
  void record(long lsn, int kind, ByteBuffer secret, ByteBuffer tail);
}
