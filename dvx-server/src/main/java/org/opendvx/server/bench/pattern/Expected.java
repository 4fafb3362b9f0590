package org.opendvx.server.bench.pattern;

/**
 * What a reader may find in a unit.
 *
 * @param oldest the oldest generation that is right; 0 when nothing is known to be there
 * @param newest the newest generation that was ever sent
 * @param holeAllowed whether zeros are right, as nothing needs to have been written
 */
public record Expected(long oldest, long newest, boolean holeAllowed) {}
