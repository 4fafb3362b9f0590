package org.opendvx.server.api;

import java.time.Instant;
import java.util.Map;

/**
 * A record of the audit log.
 *
 * @param id its number in the log
 * @param who asked for it, or did it
 * @param subject what it was done to, such as a machine
 * @param facts what else is known, by kind
 */
public record AuditView(
    String id, Instant time, String kind, String who, String subject, Map<String, Object> facts) {}
