package org.opendvx.server.api;

import java.time.Instant;
import java.util.List;

/**
 * A node at one moment.
 *
 * @param state SERVING, DEGRADED (serves, with less redundancy than it should have) or FAILED
 * @param summary one sentence for a person
 * @param toleratedLosses how many more drives may be lost without losing data
 * @param warnings what does not work although the node serves
 * @param congested whether clients are being slowed down because the journal is behind
 */
public record StatusView(
    String node,
    String version,
    String state,
    String summary,
    Instant started,
    long uptimeSeconds,
    int drives,
    int activeDrives,
    int toleratedLosses,
    long snapshots,
    int hypervisors,
    int runningTasks,
    boolean congested,
    List<String> warnings) {}
