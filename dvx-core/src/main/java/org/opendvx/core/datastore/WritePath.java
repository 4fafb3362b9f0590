package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Change.BlocksMapped;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.log.ChunkLog;
import org.opendvx.core.log.ChunkLog.WriteBatch;

/**
 * Writes live files. Thread-safe.
 *
 * <p>Chunks are made outside of the file's lock. A block that is written in part is read and merged
 * first; whether it is still the block that was read is checked under the lock by its address,
 * since an address never changes its content. If it is not, all starts again.
 */
final class WritePath {
  private static final int TRIES = 16;

  private final Files files;
  private final ChunkLog log;
  private final ChunkReader reader;
  private final Transactions transactions;
  private final Admission admission;
  private final Room room;
  private final ThreadLocal<byte[]> scratch = ThreadLocal.withInitial(() -> new byte[Blocks.SIZE]);

  WritePath(
      Files files,
      ChunkLog log,
      ChunkReader reader,
      Transactions transactions,
      Admission admission,
      Room room) {
    this.files = files;
    this.log = log;
    this.reader = reader;
    this.transactions = transactions;
    this.admission = admission;
    this.room = room;
  }

  CompletableFuture<Changed> write(
      Caller caller, FileKey key, long offset, ByteBuffer source, boolean stable) {
    Files.requireChangeable(key);
    ReadPath.requireOffset(offset);
    int length = source.remaining();
    if (length > Datastore.MAX_IO) {
      throw new FileException(FileError.INVALID, "a write of " + length + " bytes");
    }
    if (offset > Datastore.MAX_FILE_SIZE - length) {
      throw new FileException(FileError.FILE_TOO_LARGE, "files end at 62 TiB");
    }
    Inode inode = files.live(key);
    InodeImage image = inode.image();
    Files.requireRegular(image);
    Permissions.requireWrite(caller, image);
    if (length == 0) {
      Attributes attributes = inode.attributes();
      return CompletableFuture.completedFuture(new Changed(attributes, attributes));
    }
    Piece piece = new Piece(offset, length);
    admission.admitWrite(piece.blocks);
    for (int attempt = 1; ; attempt++) {
      Changed changed = attempt(caller, inode, piece, source, attempt >= TRIES);
      if (changed != null) {
        return stable
            ? transactions.durable(inode.lastLsn(), changed)
            : CompletableFuture.completedFuture(changed);
      }
    }
  }

  private @Nullable Changed attempt(
      Caller caller, Inode inode, Piece piece, ByteBuffer source, boolean locked) {
    if (locked) {
      // Others keep changing the same blocks: make the chunks with the lock held.
      try (Transaction transaction = transactions.begin(caller)) {
        transaction.lock(inode);
        piece.look(inode);
        return store(transaction, inode, piece, chunks(piece, source));
      }
    }
    long stamp = inode.lock.readLock();
    try {
      piece.look(inode);
    } finally {
      inode.lock.unlockRead(stamp);
    }
    WriteBatch batch = chunks(piece, source);
    boolean taken = false;
    try (Transaction transaction = transactions.begin(caller)) {
      transaction.lock(inode);
      if (!piece.current(inode)) {
        return null;
      }
      taken = true;
      return store(transaction, inode, piece, batch);
    } finally {
      if (!taken) {
        batch.abandoned();
      }
    }
  }

  /** Cuts the bytes in chunks and gives each an address. */
  private WriteBatch chunks(Piece piece, ByteBuffer source) {
    WriteBatch batch = log.begin();
    boolean done = false;
    try {
      byte[] block = scratch.get();
      int from = source.position();
      for (int i = 0; i < piece.blocks; i++) {
        int skip = i == 0 ? piece.headSkip : 0;
        int end = i == piece.blocks - 1 ? piece.tailEnd : Blocks.SIZE;
        if (end - skip < Blocks.SIZE) {
          reader.copy(piece.old(i), block);
        }
        long address;
        if (end - skip == Blocks.SIZE && source.hasArray()) {
          address = add(batch, source.array(), source.arrayOffset() + from);
        } else {
          source.get(from, block, skip, end - skip);
          address = add(batch, block, 0);
        }
        piece.addresses[i] = address;
        from += end - skip;
      }
      done = true;
      return batch;
    } finally {
      if (!done) {
        batch.abandoned();
      }
    }
  }

  private long add(WriteBatch batch, byte[] bytes, int offset) {
    if (ChunkReader.zero(bytes, offset)) {
      return 0;
    }
    try {
      return batch.add(bytes, offset);
    } catch (DvxException e) {
      throw room.explain(e);
    }
  }

  private Changed store(Transaction transaction, Inode inode, Piece piece, WriteBatch batch) {
    Attributes before = inode.attributes();
    InodeImage image = inode.image();
    long size = Math.max(image.size(), piece.end);
    transaction.add(
        new BlocksMapped(inode.id, piece.first, piece.addresses, size, transaction.now()));
    int mode = Permissions.afterWrite(transaction.caller(), image);
    if (mode != image.mode()) {
      transaction.put(
          inode, image.withOwner(mode, image.uid(), image.gid()).written(size, transaction.now()));
    }
    inode.written(transaction.commit(batch));
    return new Changed(before, inode.attributes());
  }

  /** The blocks that a write touches, and the addresses that they had. */
  private static final class Piece {
    final long first;
    final int blocks;
    final int headSkip;
    final int tailEnd;
    final long end;
    final long[] addresses;
    private long oldHead;
    private long oldTail;

    Piece(long offset, int length) {
      end = offset + length;
      first = Blocks.of(offset);
      blocks = (int) (Blocks.of(end - 1) - first) + 1;
      headSkip = Blocks.within(offset);
      tailEnd = Blocks.within(end - 1) + 1;
      addresses = new long[blocks];
    }

    private boolean mergesHead() {
      return headSkip > 0 || (blocks == 1 && tailEnd < Blocks.SIZE);
    }

    private boolean mergesTail() {
      return blocks > 1 && tailEnd < Blocks.SIZE;
    }

    /** Looks up what must be merged, and sees to it that the map can be changed without a read. */
    void look(Inode inode) {
      long last = first + blocks - 1;
      if (!inode.blocks().resident(first, last)) {
        inode.blocks().getRange(first, blocks, addresses, 0);
      }
      oldHead = mergesHead() ? inode.blocks().get(first) : 0;
      oldTail = mergesTail() ? inode.blocks().get(last) : 0;
    }

    boolean current(Inode inode) {
      long last = first + blocks - 1;
      if (!inode.blocks().resident(first, last)) {
        inode.blocks().getRange(first, blocks, new long[blocks], 0);
      }
      return (!mergesHead() || inode.blocks().get(first) == oldHead)
          && (!mergesTail() || inode.blocks().get(last) == oldTail);
    }

    /** The address of a block that is merged. */
    long old(int index) {
      return index == 0 ? oldHead : oldTail;
    }
  }
}
