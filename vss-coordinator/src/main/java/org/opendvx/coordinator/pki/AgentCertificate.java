package org.opendvx.coordinator.pki;

import java.time.Instant;
import java.util.UUID;

/**
 * What a certificate of ours says.
 *
 * @param serial hex
 */
public record AgentCertificate(UUID agent, String serial, Instant notAfter) {}
