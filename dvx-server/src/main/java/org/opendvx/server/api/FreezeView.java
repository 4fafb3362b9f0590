package org.opendvx.server.api;

import java.util.List;

/**
 * The machines that a manager may freeze for a snapshot.
 *
 * @param machines as hypervisor/id
 * @param outstanding those of them that may be frozen now and could not be thawed yet
 * @param risk what agreeing means
 */
public record FreezeView(List<String> machines, List<String> outstanding, String risk) {}
