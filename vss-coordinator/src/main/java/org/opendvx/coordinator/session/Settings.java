package org.opendvx.coordinator.session;

import java.time.Duration;

/**
 * How the coordinator behaves.
 *
 * @param port 0 for any free one
 * @param certificateLife of agents' certificates; they are renewed at half of it
 * @param settle how long after a boot a guest is left alone
 * @param enrolClones whether a clone that proves by the nonce where it runs gets a new identity
 *     without a token
 * @param requireNonce whether MAC addresses do not suffice where the hypervisor can set a nonce
 * @param full FULL instead of COPY backups, which truncates logs
 * @param hooks whether the guest's own scripts run
 * @param thaw how long to wait for "thawed" after the cut
 * @param report how long to wait for the report after that
 */
public record Settings(
    String listen,
    int port,
    int maxConnections,
    Duration heartbeat,
    Duration certificateLife,
    Duration settle,
    boolean enrolClones,
    boolean requireNonce,
    boolean full,
    boolean hooks,
    Duration thaw,
    Duration report) {

  /** What holds unless something else is said, on a port of the kernel's choice. */
  public static Settings usual() {
    return new Settings(
        "127.0.0.1",
        0,
        1_000,
        Duration.ofSeconds(30),
        Duration.ofDays(7),
        Duration.ofSeconds(30),
        true,
        true,
        false,
        true,
        Duration.ofSeconds(10),
        Duration.ofSeconds(120));
  }
}
