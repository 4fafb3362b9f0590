package org.opendvx.server.api;

import java.time.Instant;
import java.util.Map;

/**
 * A restore point.
 *
 * @param vm the machine's name, empty for a set of files
 * @param vmRef hypervisor/id, empty for a set of files
 * @param consistency APPLICATION, FILE_SYSTEM or CRASH
 * @param reason why not more
 */
public record SnapshotView(
    String id,
    String name,
    Instant created,
    String vm,
    String vmRef,
    String consistency,
    String reason,
    int files,
    long logicalBytes,
    Map<String, String> labels) {}
