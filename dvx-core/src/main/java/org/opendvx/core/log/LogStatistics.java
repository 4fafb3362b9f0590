package org.opendvx.core.log;

/**
 * Counters since the log was opened; bytes unless said otherwise.
 *
 * @param logical bytes of chunks taken
 * @param unique of them not found by dedupe
 * @param stored slots of the unique ones, sealed
 * @param cacheHits chunks answered from memory
 * @param cacheMisses chunks read from the pool
 * @param pendingContainers containers not in the pool yet
 * @param pendingBytes bytes in them
 * @param indexEntries fingerprints in the dedupe index
 */
public record LogStatistics(
    long logical,
    long unique,
    long stored,
    long cacheHits,
    long cacheMisses,
    int pendingContainers,
    long pendingBytes,
    long indexEntries) {}
