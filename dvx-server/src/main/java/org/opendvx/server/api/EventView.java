package org.opendvx.server.api;

import java.time.Instant;

/**
 * Something that happened.
 *
 * @param severity INFO, WARNING or ERROR
 * @param subject what it concerns
 */
public record EventView(
    String id, Instant time, String severity, String kind, String subject, String message) {}
