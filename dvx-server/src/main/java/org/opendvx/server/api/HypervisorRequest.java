package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * A connection to make.
 *
 * @param kind vcenter or rhv; null stands for vcenter
 * @param password kept in a private file of the node, never shown again
 * @param authority PEM of the authority that issued the certificate, for rhv; null for none
 */
public record HypervisorRequest(
    @Nullable String name,
    @Nullable String kind,
    @Nullable String url,
    @Nullable String user,
    @Nullable String password,
    @Nullable String certificateSha256,
    @Nullable String authority) {
  /** Never shows the password. */
  @Override
  public String toString() {
    return "HypervisorRequest[" + name + " " + url + " " + user + "]";
  }
}
