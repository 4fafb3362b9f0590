package org.opendvx.server.api;

/**
 * A host's own figures since it was started.
 *
 * @param leaseMillis for how long it may answer yet, 0 when it may not
 * @param barred whether changes of files wait until their machines are confirmed to run beside it
 * @param localOperations that it carried out itself
 * @param forwardedOperations that it sent to other hosts
 * @param sentBytes to other hosts
 * @param receivedBytes from them
 * @param handOvers files that came here
 * @param handOverMillis how long the last one took
 * @param longestHandOverMillis how long the slowest one took
 */
public record HostFiguresView(
    long leaseMillis,
    boolean barred,
    long localOperations,
    long forwardedOperations,
    long sentBytes,
    long receivedBytes,
    long handOvers,
    double handOverMillis,
    double longestHandOverMillis) {}
