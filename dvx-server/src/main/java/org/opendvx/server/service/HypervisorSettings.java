package org.opendvx.server.service;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Locale;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * A connection to a virtualisation manager.
 *
 * @param passwordFile its first line is the password
 * @param certificateSha256 64 lower-case hex digits, empty when authorities decide
 * @param caFile PEM file of the authority, an empty path when there is none
 */
public record HypervisorSettings(
    String name,
    String kind,
    URI url,
    String user,
    Path passwordFile,
    String certificateSha256,
    Path caFile) {
  /** The kind for vSphere. */
  public static final String VCENTER = "vcenter";

  /** The kind for oVirt, RHV and OLVM. */
  public static final String RHV = "rhv";

  private static final int MAX_TEXT = 1024;

  /**
   * Checks what a person gave.
   *
   * @throws DvxException INVALID
   */
  public static HypervisorSettings of(
      String name,
      String kind,
      String url,
      String user,
      Path passwordFile,
      String fingerprint,
      Path caFile) {
    check(name.matches("[a-z0-9-]{1,64}"), "The name has 1 to 64 of a-z, 0-9 and -");
    check(!user.isBlank() && user.length() <= MAX_TEXT, "There is no user");
    String digits = fingerprint.replace(":", "").toLowerCase(Locale.ROOT);
    check(
        digits.isEmpty() || digits.matches("[0-9a-f]{64}"),
        "The certificate's SHA-256 has 64 hex digits");
    return new HypervisorSettings(name, kind, address(url), user, passwordFile, digits, caFile);
  }

  private static URI address(String url) {
    try {
      URI address = new URI(url);
      check(
          "https".equalsIgnoreCase(address.getScheme())
              && address.getHost() != null
              && address.getUserInfo() == null
              && url.length() <= MAX_TEXT,
          "The address has the form https://HOST/PATH, without user and password");
      return address;
    } catch (URISyntaxException e) {
      throw refused("The address is no URL: " + e.getReason());
    }
  }

  private static void check(boolean holds, String cause) {
    if (!holds) {
      throw refused(cause);
    }
  }

  private static DvxException refused(String cause) {
    return DvxException.of(Kind.INVALID, "The connection cannot be used")
        .cause(cause)
        .remedy("Correct it and send it again")
        .build();
  }
}
