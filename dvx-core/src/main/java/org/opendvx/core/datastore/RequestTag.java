package org.opendvx.core.datastore;

/**
 * Identity of a client's request: a 128-bit digest over client address, transaction id, procedure
 * and a checksum of the arguments, computed by the front end.
 */
public record RequestTag(long high, long low) {}
