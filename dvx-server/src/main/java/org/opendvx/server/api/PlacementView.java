package org.opendvx.server.api;

import java.util.List;

/**
 * Where a machine's files are served.
 *
 * @param vm what was asked for: connection/id, or a folder
 * @param runsOn hypervisor host on which the machine is, empty when unknown
 */
public record PlacementView(String vm, String runsOn, List<FilePlaceView> files) {}
