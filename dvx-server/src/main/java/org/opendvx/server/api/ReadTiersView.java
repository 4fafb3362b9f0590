package org.opendvx.server.api;

import java.util.List;

/**
 * Where a host's reads are answered from, in chunks of 4 KiB since it was started.
 *
 * @param mode FLASH, or PEER_CACHE without flash that works
 * @param ramChunks from memory
 * @param flashChunks from its own flash
 * @param peerChunks from the flash of other hosts
 * @param poolChunks from the pool
 * @param receivedBytes answers of other hosts about chunks
 * @param sentBytes to other hosts: questions and chunks
 * @param servedChunks given to other hosts
 * @param hedges times that somebody else was asked since a host was slow
 * @param summaryBytes memory for summaries of who has what
 * @param peers the other hosts
 */
public record ReadTiersView(
    String mode,
    long ramChunks,
    long flashChunks,
    long peerChunks,
    long poolChunks,
    long receivedBytes,
    long sentBytes,
    long servedChunks,
    long hedges,
    long summaryBytes,
    List<PeerView> peers) {}
