package org.opendvx.server.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The REST server. */
public record RestSection(
    @Setting(value = "127.0.0.1", says = "Address to listen on; `0.0.0.0` is all of them.")
        String listen,
    @Setting(value = "7443", says = "Port. `0`: any free one.") int port,
    @Setting(
            says =
                "Further host names and addresses for the generated certificate. They take effect"
                    + " when it is made: delete `tls/` in the data folder to have a new one.")
        List<String> names,
    @Setting(
            says = "Certificate chain as PEM. Empty: a self-signed one is made in the data folder.")
        Path certificate,
    @Setting(says = "Its private key as PEM, which only the node's account may read.")
        Path privateKey,
    @Setting(value = "1MiB", says = "Largest body of a request.") ByteSize maxBody,
    @Setting(
            value = "30s",
            says = "Longest time for a request to arrive, and for a connection to stay idle.")
        Duration idle,
    @Setting(value = "512", says = "Most connections at a time.") int maxConnections) {

  /** Checks ranges, and that certificate and key come together. */
  public RestSection {
    NfsSection.port(port, "port");
    BadSettingException.unless(
        certificate.toString().isEmpty() == privateKey.toString().isEmpty(),
        "private-key",
        "certificate and private-key are given together");
    BadSettingException.unless(
        maxBody.bytes() >= 1024 && maxBody.bytes() <= 64 << 20, "max-body", "it is 1KiB to 64MiB");
    BadSettingException.unless(
        idle.compareTo(Duration.ofSeconds(1)) >= 0 && idle.compareTo(Duration.ofHours(1)) <= 0,
        "idle",
        "it is 1s to 1h");
    BadSettingException.unless(
        maxConnections >= 4 && maxConnections <= 65_535, "max-connections", "it is 4 to 65535");
  }

  /** Whether the node makes its certificate itself. */
  public boolean generatesCertificate() {
    return certificate.toString().isEmpty();
  }
}
