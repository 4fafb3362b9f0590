package org.opendvx.server.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is fetched ahead for machines that move here.
 *
 * @param items the latest first
 * @param reads where reads are answered from, null when this node is not one of several hosts
 */
public record PrefetchesView(List<PrefetchView> items, @Nullable ReadTiersView reads) {}
