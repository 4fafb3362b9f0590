package org.opendvx.server.api;

import java.util.List;

/**
 * What an import brought in.
 *
 * @param domain id of the storage domain
 * @param machines names of the machines that were registered
 * @param failed machines that the manager refused, each with its reason
 */
public record ImportView(String domain, List<String> machines, List<String> failed) {}
