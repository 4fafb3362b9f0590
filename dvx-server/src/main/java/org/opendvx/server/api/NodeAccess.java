package org.opendvx.server.api;

/**
 * How the REST of a running node or data node is reached: what commands need of {@code node.json}
 * in its data folder. No secret is in it.
 *
 * @param rest base address, such as {@code https://127.0.0.1:7443}
 * @param certificateSha256 of the REST server, 64 hex digits
 * @param certificateFile PEM
 * @param tokenFile of the first administrator's token
 */
public record NodeAccess(
    long pid,
    String rest,
    String certificateSha256,
    String certificateFile,
    String tokenFile,
    String dataFolder) {}
