package org.opendvx.core.prefetch;

import java.time.Duration;

/**
 * Limits of prefetch.
 *
 * @param bytesPerSecond the most that is fetched, by all machines together
 * @param streams batches that are under way at the same time for one machine
 * @param runs machines that are fetched for at the same time; others wait
 * @param mostChunks chunks of a hot set; of a larger one the coldest are left out
 * @param coldBytes fetched when nobody can say what is hot (the source is dead), newest first
 * @param listing how long a file's map is looked for while it is handed over
 * @param follow pause between two looks at what became hot, from "about to move" to "moved"
 * @param announced how long a move that was announced is waited for
 */
public record PrefetchSettings(
    long bytesPerSecond,
    int streams,
    int runs,
    int mostChunks,
    long coldBytes,
    Duration listing,
    Duration follow,
    Duration announced) {

  /** 512 MiB/s, 4, 2; 8 Mi chunks (32 GiB, 72 MiB of memory); 1 GiB; 20 s, 5 s, 30 min. */
  public static final PrefetchSettings DEFAULT =
      new PrefetchSettings(
          512L << 20,
          4,
          2,
          8 << 20,
          1L << 30,
          Duration.ofSeconds(20),
          Duration.ofSeconds(5),
          Duration.ofMinutes(30));

  /** The same at another rate. */
  public PrefetchSettings withRate(long bytes) {
    return new PrefetchSettings(
        bytes, streams, runs, mostChunks, coldBytes, listing, follow, announced);
  }

  /** Checks the numbers. */
  public PrefetchSettings {
    if (bytesPerSecond < 1 || streams < 1 || runs < 1 || mostChunks < 1 || coldBytes < 0) {
      throw new IllegalArgumentException("no settings for prefetch");
    }
  }
}
