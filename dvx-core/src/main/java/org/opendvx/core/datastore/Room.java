package org.opendvx.core.datastore;

import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.journal.Journal;
import org.opendvx.core.log.ChunkLog;

/** Room in the journal and in the log's memory, and waiting for it. Thread-safe. */
final class Room {
  private static final long PAUSE_MILLIS = 2;

  private final Journal journal;
  private final ChunkLog log;
  private final Checkpointer checkpointer;
  private final Duration limit;

  /**
   * Room in a journal, a log, and memory for tree nodes.
   *
   * @param checkpointer makes room in journal and memory
   * @param limit how long to wait before the client is told to come again
   */
  Room(Journal journal, ChunkLog log, Checkpointer checkpointer, Duration limit) {
    this.journal = journal;
    this.log = log;
    this.checkpointer = checkpointer;
    this.limit = limit;
  }

  /**
   * Whether changed tree nodes take no more memory than they may; asks for a checkpoint in time.
   */
  private boolean nodesFit() {
    if (checkpointer.changedMuch()) {
      checkpointer.wanted();
    }
    return checkpointer.changesFit();
  }

  /**
   * Requires room for a record.
   *
   * @throws NotYet when there is none
   */
  void require(long bytes) {
    if (!journal.hasRoom(bytes)) {
      throw new NoRoom(this, bytes);
    }
  }

  /** Requires room for a record and for new chunks. */
  void requireWithChunks(long bytes) {
    if (!journal.hasRoom(bytes) || !log.hasRoom() || !nodesFit()) {
      throw new NoRoom(this, bytes);
    }
  }

  /** What to say instead of a failure of the log, if that is only because it has no room. */
  RuntimeException explain(DvxException failure) {
    return failure.kind() == Kind.UNAVAILABLE && !log.hasRoom() ? new NoRoom(this, 0) : failure;
  }

  /**
   * Whether front ends should stop reading requests: while there is no room and waiting helps. A
   * pool that refuses everything must not: its clients are to hear of it, and to go on reading.
   */
  boolean congested() {
    return !(journal.refusing() || log.refused())
        && !(journal.hasRoom(Datastore.MAX_IO) && log.hasRoom() && checkpointer.changesFit());
  }

  private void await(long bytes) throws InterruptedException {
    checkpointer.wanted();
    long end = System.nanoTime() + limit.toNanos();
    while (!nodesFit() && System.nanoTime() - end < 0) {
      Thread.sleep(PAUSE_MILLIS);
    }
    boolean room = journal.awaitRoom(bytes, limit.toNanos());
    long left = end - System.nanoTime();
    if (!room || left <= 0 || !log.awaitRoom(left)) {
      throw DvxException.of(Kind.TIMEOUT, "The pool does not keep up")
          .cause("There was no room for a change within " + limit.toSeconds() + " s")
          .build();
    }
  }

  /** There must be room first. */
  private static final class NoRoom extends NotYet {
    private static final long serialVersionUID = 1L;

    private final transient Room room;
    private final long bytes;

    NoRoom(Room room, long bytes) {
      super("the journal or the log has no room");
      this.room = room;
      this.bytes = bytes;
    }

    @Override
    void await() throws InterruptedException {
      room.await(bytes);
    }
  }
}
