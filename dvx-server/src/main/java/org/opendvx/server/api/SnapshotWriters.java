package org.opendvx.server.api;

/**
 * What applications in the guest gave when a snapshot was taken.
 *
 * @param snapshot its name
 * @param documents XML, empty when there are none
 */
public record SnapshotWriters(String snapshot, String documents) {}
