package org.opendvx.server.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Work that goes on after its request was answered.
 *
 * @param state RUNNING, DONE or FAILED
 * @param percent 0 to 100
 * @param message what it is doing
 * @param owner id of the token that asked for it
 * @param result what it made, by kind; null until DONE
 * @param problem why it failed; null unless FAILED
 */
public record TaskView(
    String id,
    String kind,
    String summary,
    String state,
    int percent,
    String message,
    String owner,
    Instant created,
    @Nullable Instant finished,
    @Nullable Object result,
    @Nullable Problem problem) {}
