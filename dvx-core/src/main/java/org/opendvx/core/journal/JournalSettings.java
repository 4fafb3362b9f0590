package org.opendvx.core.journal;

import java.time.Duration;

/**
 * Limits of a journal.
 *
 * @param bufferedBytes records that may wait in memory; {@link Journal#hasRoom} is false above it,
 *     {@link Journal#append} fails at twice as much
 * @param unavailableLimit how long records wait for a pool that is not there before their waiters
 *     are told that it failed
 * @param fullLimit the same for a journal without room
 * @param retryInterval pause between two attempts to write the same batch
 * @param closeLimit how long closing waits for the last batches
 */
public record JournalSettings(
    long bufferedBytes,
    Duration unavailableLimit,
    Duration fullLimit,
    Duration retryInterval,
    Duration closeLimit) {

  /** 32 MiB; 2 s, 30 s, 250 ms, 10 s. */
  public static final JournalSettings DEFAULT =
      new JournalSettings(
          32L << 20,
          Duration.ofSeconds(2),
          Duration.ofSeconds(30),
          Duration.ofMillis(250),
          Duration.ofSeconds(10));
}
