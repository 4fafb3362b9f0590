package org.opendvx.server.api;

import java.util.List;

/**
 * What clients mount.
 *
 * @param clients networks that may
 */
public record ExportView(String path, List<String> clients, String owner) {}
