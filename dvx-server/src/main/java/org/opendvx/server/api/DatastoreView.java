package org.opendvx.server.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The datastore: space in bytes, what reduction saves, and what clients mount.
 *
 * @param logicalWrittenBytes written by clients since the pool was created
 * @param uniqueWrittenBytes of them not found to be duplicates
 * @param storedWrittenBytes what those took, compressed and sealed
 * @param reclaimableBytes garbage that the cleaner will give back, as its last walk estimated it;
 *     null before the first
 * @param cleanedBytes given back since the node started
 * @param reduction logical by stored; 1 while nothing is stored
 */
public record DatastoreView(
    String name,
    long totalBytes,
    long freeBytes,
    long logicalWrittenBytes,
    long uniqueWrittenBytes,
    long storedWrittenBytes,
    double reduction,
    @Nullable Long reclaimableBytes,
    long cleanedBytes,
    long files,
    long snapshots,
    String address,
    int nfsPort,
    int mountPort,
    String portmapper,
    List<ExportView> exports) {}
