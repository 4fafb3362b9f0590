package org.opendvx.vsphere;

import java.net.URI;
import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.vsphere.session.Credentials;

/**
 * A connection to a vCenter.
 *
 * @param name our name for it, such as {@code vcenter1}
 * @param url its API, such as {@code https://vcenter.example.com/sdk}
 * @param datastore the name of our datastore in its inventory
 * @param callLimit the time limit of one call
 */
public record VSphereConfig(
    String name,
    URI url,
    Credentials credentials,
    TlsTrust trust,
    String datastore,
    Duration callLimit) {

  /** Checks the address; a missing path becomes that of the API, and a slash at its end goes. */
  public VSphereConfig {
    if (!"https".equalsIgnoreCase(url.getScheme()) || url.getHost() == null) {
      throw DvxException.of(Kind.INVALID, "The address of vCenter is not usable")
          .cause("it must be https://HOST/sdk")
          .detail("url", url)
          .build();
    }
    if (url.getPath() == null || url.getPath().isEmpty() || url.getPath().equals("/")) {
      url = url.resolve("/sdk");
    } else if (url.getPath().endsWith("/")) {
      url = url.resolve(url.getPath().replaceFirst("/+$", ""));
    }
    if (url.getUserInfo() != null) {
      throw DvxException.of(Kind.INVALID, "The address of vCenter carries a user")
          .remedy("give the user and the file with the password on their own")
          .build();
    }
  }

  /** With the usual time limit. */
  public static VSphereConfig of(
      String name, URI url, Credentials credentials, TlsTrust trust, String datastore) {
    return new VSphereConfig(name, url, credentials, trust, datastore, Duration.ofSeconds(60));
  }
}
