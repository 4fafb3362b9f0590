package org.opendvx.core.datastore;

import java.util.concurrent.CompletableFuture;
import org.opendvx.core.log.SealedSlots;
import org.opendvx.core.tree.BlockMap;

/**
 * Which chunks files are made of, and their slots: for whoever fills a cache ahead of reads. What
 * is told may be out of date at once. Thread-safe.
 */
public final class FileChunks {
  private final Engine engine;
  private final Files files;

  FileChunks(Engine engine, Files files) {
    this.engine = engine;
    this.files = files;
  }

  /**
   * Looks up chunk addresses of consecutive blocks of a regular file.
   *
   * @param target gets addresses from index 0, 0 for holes
   * @return how many are there, 0 at the end of the file. Fails with {@link FileException}, {@link
   *     FileAwayException} among them when another root has the file
   */
  public CompletableFuture<Integer> addresses(long file, long firstBlock, long[] target) {
    return engine
        .attempts()
        .run(() -> CompletableFuture.completedFuture(look(file, firstBlock, target)));
  }

  private int look(long file, long firstBlock, long[] target) {
    Inode inode = files.live(file);
    Files.requireRegular(inode.image());
    long stamp = inode.lock.readLock();
    try {
      if (inode.dropped()) {
        throw new FileException(FileError.STALE, "the file is gone");
      }
      Files.requireHere(inode);
      long blocks = (inode.attributes().size() + Blocks.SIZE - 1) / Blocks.SIZE;
      int count = Math.clamp(blocks - firstBlock, 0, target.length);
      BlockMap map = inode.blocks();
      if (count > 0) {
        map.getRange(firstBlock, count, target, 0);
      }
      return count;
    } finally {
      inode.lock.unlockRead(stamp);
    }
  }

  /** The slots. */
  public SealedSlots slots() {
    return engine.log().sealed();
  }
}
