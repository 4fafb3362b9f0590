package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * A connection to make.
 *
 * @param kind vcenter; null stands for it
 * @param password kept in a private file of the node, never shown again
 */
public record HypervisorRequest(
    @Nullable String name,
    @Nullable String kind,
    @Nullable String url,
    @Nullable String user,
    @Nullable String password,
    @Nullable String certificateSha256) {
  /** Never shows the password. */
  @Override
  public String toString() {
    return "HypervisorRequest[" + name + " " + url + " " + user + "]";
  }
}
