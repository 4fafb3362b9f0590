package org.opendvx.core.datastore;

/**
 * A file's attributes at one moment.
 *
 * @param file the file id as clients see it
 * @param mode permission bits, 12 bits
 * @param links hard links; of a directory 2 plus its subdirectories
 * @param size bytes
 * @param used bytes of mapped blocks, before reduction
 * @param device major in the upper, minor in the lower 32 bits; 0 unless a device
 * @param accessed nanoseconds since 1970, as are modified and changed
 */
public record Attributes(
    long file,
    FileType type,
    int mode,
    int links,
    int uid,
    int gid,
    long size,
    long used,
    long device,
    long accessed,
    long modified,
    long changed) {}
