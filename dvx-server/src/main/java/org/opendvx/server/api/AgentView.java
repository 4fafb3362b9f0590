package org.opendvx.server.api;

import java.time.Instant;
import java.util.List;

/**
 * A guest agent.
 *
 * @param vm hypervisor/id of the machine that it is bound to
 * @param state ACTIVE, REVOKED or REPLACED
 * @param host what the guest called itself when it enrolled
 * @param connected whether it may be asked to freeze
 * @param version of its program, empty unless connected
 * @param proof nonce or mac: what proved where it runs; empty unless connected
 */
public record AgentView(
    String id,
    String vm,
    String state,
    String platform,
    String host,
    Instant enrolled,
    Instant certificateEnds,
    boolean connected,
    String version,
    String proof,
    List<String> capabilities) {}
