package org.opendvx.core.datastore;

import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Bounds what snapshots hold in memory until a checkpoint has written them: the parts of trees that
 * writes between cuts have copied. Thread-safe.
 */
final class CatalogueRoom {
  /** Files and snapshots that came or went; with this many a checkpoint is asked for. */
  static final int SOON = 2_048;

  /** With this many, changes wait. */
  static final int MOST = 8_192;

  private static final long PAUSE_MILLIS = 5;

  private final SnapshotCatalogue catalogue;
  private final Runnable checkpointWanted;
  private final Duration limit;

  /**
   * Room in a catalogue.
   *
   * @param limit how long to wait for a checkpoint before the client is told to come again
   */
  CatalogueRoom(SnapshotCatalogue catalogue, Runnable checkpointWanted, Duration limit) {
    this.catalogue = catalogue;
    this.checkpointWanted = checkpointWanted;
    this.limit = limit;
  }

  /**
   * Requires room for a change of the catalogue, before any lock is taken.
   *
   * @throws NotYet when there is none
   */
  void require() {
    if (catalogue.sinceFreeze() >= SOON) {
      checkpointWanted.run();
    }
    if (catalogue.held() >= MOST) {
      throw new NoRoom(this);
    }
  }

  private void await() throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (catalogue.held() >= MOST) {
      checkpointWanted.run();
      if (System.nanoTime() - end > 0) {
        throw DvxException.of(Kind.TIMEOUT, "The pool does not keep up with the snapshots")
            .cause("No checkpoint was written within " + limit.toSeconds() + " s")
            .build();
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  /** A checkpoint must be written first. */
  private static final class NoRoom extends NotYet {
    private static final long serialVersionUID = 1L;

    private final transient CatalogueRoom room;

    NoRoom(CatalogueRoom room) {
      super("a checkpoint must be written");
      this.room = room;
    }

    @Override
    void await() throws InterruptedException {
      room.await();
    }
  }
}
