package org.opendvx.server.api;

import java.util.List;

/**
 * What a restore did.
 *
 * @param safetySnapshot name of the snapshot that holds the state before, empty when there is none
 * @param files how many were restored
 * @param notes what a person should know, such as disks that were not restored
 */
public record RestoreView(
    String vm,
    String vmRef,
    String snapshot,
    String safetySnapshot,
    int files,
    List<String> notes) {}
