package org.opendvx.core.cluster;

import java.time.Duration;
import java.util.List;
import org.opendvx.core.datastore.Reclaim;

/**
 * A host's part in a round of the cleaner, which may run on another host: for each root that it
 * serves. See docs/cleaner.md. Thread-safe; methods block, and fail with {@link RouteException} or
 * {@link org.opendvx.core.error.DvxException}.
 */
final class CleaningPart {
  private final HandOver handOver;

  CleaningPart(HandOver handOver) {
    this.handOver = handOver;
  }

  /** A root's last checkpoint, and the incarnation that wrote it. */
  record Written(long incarnation, long checkpoint) {
    void encode(Wire.Out out) {
      out.putLong(incarnation).putLong(checkpoint);
    }

    static Written decode(Wire.In in) {
      return new Written(in.getLong(), in.getLong());
    }
  }

  /** What a root knows of the pool's key ring: {@link Reclaim.KnownKeys}. */
  record Keys(long incarnation, int current, int newest, long lowestOpen) {
    void encode(Wire.Out out) {
      out.putLong(incarnation).putInt(current).putInt(newest).putLong(lowestOpen);
    }

    static Keys decode(Wire.In in) {
      return new Keys(in.getLong(), in.getInt(), in.getInt(), in.getLong());
    }
  }

  /** What came to a root since it took up a round. */
  record Report(long incarnation, List<byte[]> parcels) {
    void encode(Wire.Out out) {
      out.putLong(incarnation).putList(parcels, Wire.Out::putBytes);
    }

    static Report decode(Wire.In in) {
      return new Report(in.getLong(), in.getList(Wire.In::getBytes));
    }
  }

  /**
   * Takes up what is condemned, and waits for who may still act on what was known before: writes
   * that found duplicates, and files that are on their way to another root.
   *
   * @return the root's incarnation
   */
  long takeUp(ServedRoot root, long round, Duration limit) {
    return served(
        root,
        store -> {
          store.takeUp(round, limit);
          handOver.awaitParcels(root, limit);
          return store.epoch().number();
        });
  }

  /** Writes a checkpoint: {@link Reclaim#checkpoint}. */
  Written checkpoint(ServedRoot root, long round, Duration limit) {
    return served(
        root,
        store -> {
          if (!store.takenUp(round)) {
            throw RouteException.notRun("the round of the cleaner is not known here");
          }
          store.checkpoint(limit);
          return new Written(store.epoch().number(), store.checkpointNumber());
        });
  }

  /** Tells what came since the round was taken up. */
  Report report(ServedRoot root, long round) {
    return served(
        root,
        store ->
            new Report(
                store.epoch().number(),
                store
                    .arrivals(round)
                    .orElseThrow(
                        () -> RouteException.notRun("not all is known that came to the root"))));
  }

  /** Waits for those who read by what was there before; gives the root's incarnation. */
  long letGo(ServedRoot root, Duration limit) {
    return served(
        root,
        store -> {
          store.letGo(limit);
          return store.epoch().number();
        });
  }

  /** Takes up the pool's key ring: {@link Reclaim#followKeys}. */
  Keys followKeys(ServedRoot root, boolean newContainers) {
    return served(
        root,
        store -> {
          Reclaim.KnownKeys known = store.followKeys(newContainers);
          return new Keys(
              store.epoch().number(), known.current(), known.newest(), known.lowestOpen());
        });
  }

  private interface Step<T> {
    T of(Reclaim store) throws InterruptedException;
  }

  private static <T> T served(ServedRoot root, Step<T> step) {
    root.requireServed();
    T result;
    try {
      result = step.of(root.store().reclaim());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw RouteException.unknown("interrupted");
    }
    root.requireServed();
    return result;
  }
}
