package org.opendvx.core.log;

import java.nio.ByteBuffer;
import org.opendvx.core.codec.SlotHeader;

/**
 * The new chunks that a journal record carries: what a start counts again that the process before
 * could not note any more.
 *
 * @param count how many
 * @param slotBytes of them, sealed
 */
public record RecordedChunks(int count, long slotBytes) {
  /**
   * Reads the sizes in a record's tail, whose position does not move.
   *
   * @param tail as {@link WriteBatch} encoded it; of a damaged one what is intact is counted
   */
  public static RecordedChunks of(ByteBuffer tail) {
    int at = tail.position() + ChunkBatch.HEADER;
    if (at > tail.limit()) {
      return new RecordedChunks(0, 0);
    }
    int announced = tail.getInt(tail.position());
    int count = 0;
    long bytes = 0;
    while (count < announced && at + ChunkBatch.CHUNK_HEADER <= tail.limit()) {
      int length = tail.getInt(at + ChunkBatch.CHUNK_HEADER - Integer.BYTES);
      if (length < SlotHeader.LENGTH || length > tail.limit() - at) {
        break;
      }
      at += ChunkBatch.CHUNK_HEADER + length;
      bytes += length;
      count++;
    }
    return new RecordedChunks(count, bytes);
  }
}
