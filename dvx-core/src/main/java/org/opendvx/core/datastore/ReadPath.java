package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.datastore.Datastore.ReadResult;

/** Reads live files. Thread-safe. */
final class ReadPath {
  private static final int MOST_BLOCKS = Datastore.MAX_IO / Blocks.SIZE + 1;

  private final Files files;
  private final ChunkReader reader;
  private final WallClock clock;
  private final long accessInterval;
  private final ThreadLocal<long[]> scratch = ThreadLocal.withInitial(() -> new long[MOST_BLOCKS]);

  /**
   * A read path.
   *
   * @param accessInterval nanoseconds after which the time of access is noted again
   */
  ReadPath(Files files, ChunkReader reader, WallClock clock, long accessInterval) {
    this.files = files;
    this.reader = reader;
    this.clock = clock;
    this.accessInterval = accessInterval;
  }

  CompletableFuture<ReadResult> read(Caller caller, FileKey key, long offset, ByteBuffer target) {
    requireOffset(offset);
    Inode inode = files.live(key);
    InodeImage image = inode.image();
    Files.requireRegular(image);
    Permissions.requireRead(caller, image);
    int wanted = Math.min(target.remaining(), Datastore.MAX_IO);
    long[] addresses = wanted <= Blocks.SIZE ? new long[2] : scratch.get();
    int length;
    ReadResult result;
    long stamp = inode.lock.readLock();
    try {
      if (inode.dropped()) {
        throw new FileException(FileError.STALE, "the file is gone");
      }
      Files.requireHere(inode);
      Attributes attributes = inode.attributes();
      length = Math.clamp(attributes.size() - offset, 0, wanted);
      result = new ReadResult(length, offset + length >= attributes.size(), attributes);
      if (length > 0) {
        long first = Blocks.of(offset);
        int count = (int) (Blocks.of(offset + length - 1) - first) + 1;
        inode.blocks().getRange(first, count, addresses, 0);
      }
    } finally {
      inode.lock.unlockRead(stamp);
    }
    if (length == 0) {
      return CompletableFuture.completedFuture(result);
    }
    inode.noteRead(clock, accessInterval);
    return reader.fill(addresses, offset, length, target, result);
  }

  static void requireOffset(long offset) {
    if (offset < 0) {
      throw new FileException(FileError.INVALID, "a negative offset");
    }
  }
}
