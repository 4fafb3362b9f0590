package org.opendvx.server.api;

/** A disk that is not on the datastore. */
public record ForeignDiskView(String label, String backing, String reason) {}
