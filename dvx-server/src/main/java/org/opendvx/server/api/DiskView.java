package org.opendvx.server.api;

import java.util.List;

/**
 * A disk on the datastore.
 *
 * @param chain its files, top layer first
 */
public record DiskView(String label, List<String> chain, long capacityBytes) {}
