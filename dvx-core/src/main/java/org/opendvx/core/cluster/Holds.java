package org.opendvx.core.cluster;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Answers that are withheld while a cut over several owners freezes their files. A hold ends by
 * itself after its limit, whatever becomes of who asked for it. Thread-safe.
 */
final class Holds {
  private record Hold(Set<Long> files, CompletableFuture<Boolean> released) {}

  private final Map<Long, Hold> holds = new ConcurrentHashMap<>();

  /** Withholds the answers for files from now on. */
  void begin(long cut, List<Long> files, long limitNanos) {
    holds.put(cut, new Hold(new HashSet<>(files), new CompletableFuture<>()));
    CompletableFuture.delayedExecutor(limitNanos, TimeUnit.NANOSECONDS).execute(() -> end(cut));
  }

  /** Lets the answers go. */
  void end(long cut) {
    // Taken out first: an answer that goes looks whether another hold withholds it.
    Hold hold = holds.remove(cut);
    if (hold != null) {
      hold.released.complete(true);
    }
  }

  boolean cover(long file) {
    return !holds.isEmpty() && holds.values().stream().anyMatch(hold -> hold.files.contains(file));
  }

  /** Gives an answer that may be about any file. */
  void passAll(Runnable answer) {
    for (Hold hold : holds.values()) {
      var _ = hold.released.thenRun(() -> passAll(answer));
      return;
    }
    answer.run();
  }

  /** Gives an answer, now or when no hold withholds it any more. */
  void pass(long file, Runnable answer) {
    if (!holds.isEmpty()) {
      for (Hold hold : holds.values()) {
        if (hold.files.contains(file)) {
          var _ = hold.released.thenRun(() -> pass(file, answer));
          return;
        }
      }
    }
    answer.run();
  }
}
