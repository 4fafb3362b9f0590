package org.opendvx.server.api;

/**
 * Another host, as one that asks it for chunks.
 *
 * @param name of the host
 * @param flash whether it says that it has flash that works
 * @param notAsked why it is not asked at present; empty when it is
 * @param millis usual time of an answer
 * @param chunks that it gave
 * @param damaged slots that were not what was asked for
 * @param failures calls that it did not answer well, or not in time
 */
public record PeerView(
    String name,
    boolean flash,
    String notAsked,
    double millis,
    long chunks,
    long damaged,
    long failures) {}
