package org.opendvx.server.api;

/**
 * Where a file is served.
 *
 * @param root which owns it
 * @param host which serves that root, empty when none does at the moment
 */
public record FilePlaceView(String path, String root, String host) {}
