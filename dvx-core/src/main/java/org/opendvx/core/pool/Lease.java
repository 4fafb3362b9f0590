package org.opendvx.core.pool;

import java.time.Duration;

/**
 * A right that runs out by itself unless it is renewed.
 *
 * @param name what it is about; same characters as a record's key, at most 100
 * @param holder who has it
 * @param token rises with every new holder: what is done under a lease is told apart by it
 * @param left how long it still holds at least; counted by its holder from before it asked, by
 *     others it is a hint
 */
public record Lease(String name, String holder, long token, Duration left) {}
