package org.opendvx.server.api;

/**
 * A disk that was made of one in a snapshot, attached to nothing.
 *
 * @param id in the manager
 * @param path from the datastore's root
 * @param bytesReferred of layers that were joined into it, 0 when there was one file
 * @param bytesCopied 0 when all of it is shared
 */
public record MadeDiskView(
    String id, String alias, String path, long bytesReferred, long bytesCopied) {}
