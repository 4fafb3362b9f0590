package org.opendvx.server.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A token, without its secret.
 *
 * @param role viewer, operator or admin
 * @param expires null when it does not
 */
public record TokenView(
    String id, String name, String role, Instant created, @Nullable Instant expires) {}
