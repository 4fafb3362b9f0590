package org.opendvx.rhv;

import java.net.URI;
import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.rhv.session.EngineCredentials;

/**
 * A connection to an engine.
 *
 * @param name our name for it, such as {@code engine1}
 * @param url its API, such as {@code https://engine.example.com/ovirt-engine/api}
 * @param domain the name of our storage domain in its inventory
 * @param folder the folder of the datastore that the domain's export stands for, empty for the root
 * @param dataCenter the data center to attach it to; empty when there is only one
 * @param callLimit the time limit of one call
 */
public record RhvConfig(
    String name,
    URI url,
    EngineCredentials credentials,
    TlsTrust trust,
    String domain,
    String folder,
    String dataCenter,
    Duration callLimit) {

  /** Checks the address; a missing path becomes that of the API. */
  public RhvConfig {
    if (!"https".equalsIgnoreCase(url.getScheme())
        || url.getHost() == null
        || url.getUserInfo() != null) {
      throw DvxException.of(Kind.INVALID, "The address of the engine is not usable")
          .cause("it must be https://HOST/ovirt-engine/api, without user and password")
          .detail("host", url.getHost())
          .build();
    }
    if (url.getPath() == null || url.getPath().isEmpty() || url.getPath().equals("/")) {
      url = url.resolve("/ovirt-engine/api");
    }
    folder = folder.equals("/") ? "" : folder;
  }
}
