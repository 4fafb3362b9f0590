package org.opendvx.core.peer;

import java.time.Duration;
import java.util.List;

/**
 * How reads past memory were answered, and what goes on between hosts; counters since the start.
 *
 * @param mode what this host can do by itself
 * @param flashChunks read from the own flash
 * @param peerChunks read from peers
 * @param peerBytes of them, sealed
 * @param poolChunks read from the pool
 * @param servedChunks given to peers
 * @param servedBytes of them, sealed
 * @param refusals requests of peers that were too many
 * @param hedges times that somebody else was asked since a peer was slow
 * @param bytesIn from peers, all replies about chunks
 * @param bytesOut to peers: questions about chunks, and slots
 * @param ownSummaryBytes memory of the summary of the own flash
 * @param peerSummaryBytes memory for what is known of the peers' flash
 */
public record PeerTierStatus(
    Mode mode,
    long flashChunks,
    long peerChunks,
    long peerBytes,
    long poolChunks,
    long servedChunks,
    long servedBytes,
    long refusals,
    long hedges,
    long bytesIn,
    long bytesOut,
    long ownSummaryBytes,
    long peerSummaryBytes,
    List<OnePeer> peers) {

  /** What a host can do by itself. */
  public enum Mode {
    /** It has flash that works. */
    FLASH,
    /** It has none: reads past memory come from peers and from the pool. */
    PEER_CACHE
  }

  /**
   * A peer.
   *
   * @param flash whether it said that it has flash that works
   * @param notAsked why it is not asked at present; empty when it is
   * @param usual time of an answer
   * @param chunks that it gave
   * @param bytes of them, sealed
   * @param damaged slots that were not what was asked for
   * @param failures calls that it did not answer, or not in time, or not as the protocol wants
   * @param summaryBytes memory for what is known of its flash
   */
  public record OnePeer(
      String name,
      boolean flash,
      String notAsked,
      Duration usual,
      long chunks,
      long bytes,
      long damaged,
      long failures,
      long summaryBytes) {}
}
