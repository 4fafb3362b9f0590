package org.opendvx.server.api;

/**
 * How a running node is reached: what {@code --ready-file} and {@code node.json} in the data folder
 * hold. No secret is in it.
 *
 * @param address where NFS listens
 * @param export path that clients mount
 * @param rest base address of REST, such as {@code https://127.0.0.1:7443}
 * @param certificateSha256 of the REST server, 64 hex digits
 * @param tokenFile of the first administrator's token
 */
public record NodeFile(
    long pid,
    String node,
    String datastore,
    String address,
    String export,
    int nfsPort,
    int mountPort,
    String rest,
    String certificateSha256,
    String certificateFile,
    String tokenFile,
    String dataFolder) {}
