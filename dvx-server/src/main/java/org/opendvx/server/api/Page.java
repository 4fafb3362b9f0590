package org.opendvx.server.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of a list.
 *
 * @param next what to give as {@code cursor} for the next page, null after the last one. A page may
 *     hold fewer items than asked for, also none, and yet have a next one.
 */
public record Page<T>(List<T> items, @Nullable String next) {}
