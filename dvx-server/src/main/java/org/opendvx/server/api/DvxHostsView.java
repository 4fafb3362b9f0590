package org.opendvx.server.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The hosts that show the datastore.
 *
 * @param self how the one that answers fares, null when it is a node on its own
 */
public record DvxHostsView(List<DvxHostView> items, @Nullable HostFiguresView self) {}
