package org.opendvx.core.pool;

/**
 * Who mutates the pool, and in which life: a mutation is refused when the host was fenced at a
 * higher epoch.
 *
 * @param host the host's stable name
 * @param number rises by at least one with every open, take-over and fence of that host
 */
public record Epoch(String host, long number) {}
