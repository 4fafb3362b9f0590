package org.opendvx.server.api;

import java.util.List;
import java.util.Map;

/**
 * Restore points of several machines, taken in one instant.
 *
 * @param dropped why, by machine, for those that are not in it
 */
public record SnapshotsTaken(List<SnapshotTaken> taken, Map<String, String> dropped) {}
