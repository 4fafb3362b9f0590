package org.opendvx.core.journal;

import java.nio.ByteBuffer;

/**
 * The part of a record that is stored as it is, because its content is sealed already: new chunks.
 */
public interface RecordTail {
  /** No tail. */
  RecordTail NONE =
      new RecordTail() {
        @Override
        public int length() {
          return 0;
        }

        @Override
        public void write(ByteBuffer target) {
          // Nothing to write.
        }
      };

  /** Bytes that {@link #write} will write. */
  int length();

  /** Writes the bytes straight into the batch. */
  void write(ByteBuffer target);
}
