package org.opendvx.coordinator.session;

import java.time.Clock;
import java.util.concurrent.Executor;
import org.opendvx.coordinator.pki.CertificateAuthority;
import org.opendvx.coordinator.registry.AgentRegistry;

/**
 * What all connections share.
 *
 * @param blocking runs what may wait: inventory, files
 */
record Context(
    Settings settings,
    CertificateAuthority authority,
    AgentRegistry registry,
    Machines machines,
    Links links,
    Refusals refusals,
    Shutdowns shutdowns,
    FreezeMeters meters,
    Clock clock,
    Ticker ticker,
    Executor blocking) {}
