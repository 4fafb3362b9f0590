package org.opendvx.server.config;

import java.nio.file.Path;

/** A virtualisation manager that the file names; others are added while the node runs. */
public record HypervisorSection(
    @Setting(required = true, says = "Name of the connection: 1 to 64 of `a-z`, `0-9` and `-`.")
        String name,
    @Setting(required = true, says = "Its API, such as `https://vcenter.example/sdk`.") String url,
    @Setting(required = true, says = "The account.") String user,
    @Setting(
            required = true,
            says = "A file whose first line is the password; only the node's account may read it.")
        Path passwordFile,
    @Setting(
            says =
                "SHA-256 of its certificate as 64 hex digits, colons allowed. Empty: the system's"
                    + " trusted authorities decide.")
        String certificateSha256,
    @Setting(value = "vcenter", says = "`vcenter`, or `rhv` for oVirt, RHV and OLVM.") String kind,
    @Setting(
            says =
                "PEM file with the authority that issued its certificate; for `rhv` only. Empty:"
                    + " the pin or the system's authorities decide.")
        Path caFile) {

  /** Checks the name, the address and the pin. */
  public HypervisorSection {
    BadSettingException.unless(
        name.matches("[a-z0-9-]{1,64}"), "name", "it has 1 to 64 of a-z, 0-9 and -");
    BadSettingException.unless(url.startsWith("https://"), "url", "it starts with https://");
    BadSettingException.unless(
        certificateSha256.isEmpty()
            || certificateSha256.replace(":", "").matches("[0-9a-fA-F]{64}"),
        "certificate-sha256",
        "it has 64 hex digits");
    BadSettingException.unless(
        kind.equals("vcenter") || kind.equals("rhv"), "kind", "it is vcenter or rhv");
  }
}
