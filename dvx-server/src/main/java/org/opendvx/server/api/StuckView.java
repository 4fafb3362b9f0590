package org.opendvx.server.api;

import java.time.Instant;

/**
 * A container that the cleaner leaves alone for now.
 *
 * @param why what went wrong
 * @param since when that was, last
 */
public record StuckView(long container, String why, Instant since) {}
