package org.opendvx.core.nfs.rpc;

/**
 * A call's header.
 *
 * @param xid the client's number for the call; the same in a retransmission
 * @param credential who the client says that its user is
 * @param peer where the call came from
 */
public record RpcCall(
    int xid, int program, int version, int procedure, Credential credential, RpcPeer peer) {}
