package org.opendvx.server.api;

import java.util.List;

/** What became of each host. */
public record HostOutcomes(List<HostOutcome> hosts) {}
