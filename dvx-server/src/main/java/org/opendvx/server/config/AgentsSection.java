package org.opendvx.server.config;

import java.time.Duration;

/** Guest agents. */
public record AgentsSection(
    @Setting(
            says =
                "Address to await guest agents on, such as `0.0.0.0`. Empty: none are awaited, and"
                    + " nothing listens.")
        String listen,
    @Setting(value = "7444", says = "Port. `0`: any free one.") int port,
    @Setting(value = "1000", says = "Most connections at a time.") int maxConnections,
    @Setting(value = "30s", says = "How often an agent says that it is there: 5s to 300s.")
        Duration heartbeat,
    @Setting(
            value = "7d",
            says = "How long an agent's certificate counts; it is renewed at half of that.")
        Duration certificateLife,
    @Setting(value = "30s", says = "How long a guest is left alone after it booted.")
        Duration settle,
    @Setting(
            value = "true",
            says =
                "Whether a clone that proves by the hypervisor where it runs gets an identity of its"
                    + " own without a token.")
        boolean enrolClones,
    @Setting(
            value = "true",
            says =
                "Whether a guest must read what the hypervisor passes in, where it can; else its MAC"
                    + " addresses suffice.")
        boolean requireNonce,
    @Setting(
            value = "false",
            says = "FULL instead of COPY backups: applications truncate their logs.")
        boolean fullBackup) {

  /** Checks ranges. */
  public AgentsSection {
    NfsSection.port(port, "port");
    BadSettingException.unless(
        maxConnections >= 1 && maxConnections <= 65_535, "max-connections", "it is 1 to 65535");
    BadSettingException.unless(
        heartbeat.toSeconds() >= 5 && heartbeat.toSeconds() <= 300,
        "heartbeat",
        "it is 5s to 300s");
    BadSettingException.unless(
        certificateLife.compareTo(Duration.ofHours(1)) >= 0
            && certificateLife.compareTo(Duration.ofDays(90)) <= 0,
        "certificate-life",
        "it is 1h to 90d");
    BadSettingException.unless(
        !settle.isNegative() && settle.compareTo(Duration.ofHours(1)) <= 0,
        "settle",
        "it is 0s to 1h");
  }

  /** Whether agents are awaited. */
  public boolean enabled() {
    return !listen.isEmpty();
  }
}
