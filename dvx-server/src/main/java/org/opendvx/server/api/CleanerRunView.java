package org.opendvx.server.api;

/**
 * What cleaning on demand did. Bytes.
 *
 * @param writtenBytes written to move what was alive
 * @param freedBytes deleted less written
 * @param reclaimableBytes garbage that is left, since moving what is alive beside it costs too much
 */
public record CleanerRunView(
    int rounds,
    long deletedContainers,
    long deletedBytes,
    long writtenBytes,
    long freedBytes,
    long reclaimableBytes) {}
