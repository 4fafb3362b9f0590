package org.opendvx.server.api;

/** A frozen file. */
public record MemberView(String path, long sizeBytes) {}
