package org.opendvx.server.guest;

import java.util.List;

/**
 * What a copy of a disk turned out to be.
 *
 * @param lastRecord number of the last record in it
 * @param kernelSaid what the kernel said when it was mounted for writing, without names and ids
 */
public record Judged(long lastRecord, List<String> kernelSaid) {}
