package org.opendvx.server.bench.load;

import java.net.InetSocketAddress;
import java.util.List;
import org.opendvx.server.bench.rpc.Credentials;

/**
 * The server's side of a load.
 *
 * @param address where NFS listens
 * @param handles file handles, by file number
 * @param who credentials of every call
 * @param reservedPort whether to call from ports below 1024
 */
public record RemoteFiles(
    InetSocketAddress address, List<byte[]> handles, Credentials who, boolean reservedPort) {}
