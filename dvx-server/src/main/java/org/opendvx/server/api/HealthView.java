package org.opendvx.server.api;

/**
 * Whether the node serves.
 *
 * @param status SERVING, DEGRADED or FAILED
 */
public record HealthView(String status) {}
