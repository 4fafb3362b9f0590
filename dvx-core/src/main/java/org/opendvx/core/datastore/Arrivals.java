package org.opendvx.core.datastore;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * What came to a root from others since a round of the cleaner began: it may be in no checkpoint
 * that the round walks. Each parcel is noted before its change is made, by somebody for whom {@link
 * Reclaim#drain} waits. Thread-safe.
 */
final class Arrivals {
  /** Parcels of a round; with more it is told that they are not known. */
  static final int MOST = 16_384;

  private final List<byte[]> parcels = new ArrayList<>();
  private long round;
  private boolean noting;

  /** Forgets what came in other rounds and begins to note; goes on when it is the same round. */
  synchronized void begin(long newRound) {
    if (notes(newRound)) {
      return;
    }
    parcels.clear();
    round = newRound;
    noting = true;
  }

  /** Parcels are about to be taken. */
  synchronized void note(Collection<byte[]> some) {
    if (!noting) {
      return;
    }
    if (parcels.size() + some.size() > MOST) {
      noting = false;
      parcels.clear();
    } else {
      parcels.addAll(some);
    }
  }

  /** Whether all that comes is noted for a round. */
  synchronized boolean notes(long someRound) {
    return noting && round == someRound;
  }

  /** What came in a round until now; empty when that is not known. */
  synchronized Optional<List<byte[]>> of(long someRound) {
    return notes(someRound) ? Optional.of(List.copyOf(parcels)) : Optional.empty();
  }
}
