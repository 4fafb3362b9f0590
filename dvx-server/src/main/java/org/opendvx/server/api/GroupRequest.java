package org.opendvx.server.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A group of machines to store, in place of one of the same name.
 *
 * @param vms each its name, or hypervisor/id
 * @param policy require, try or off; null: try
 * @param stragglers drop or void: what becomes of the others when one cannot be what its policy
 *     requires; null: void
 */
public record GroupRequest(
    @Nullable List<String> vms, @Nullable String policy, @Nullable String stragglers) {}
