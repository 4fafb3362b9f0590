package org.opendvx.server.wiring;

import java.util.List;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.server.service.HypervisorConnector;
import org.opendvx.server.service.HypervisorSettings;
import org.opendvx.vsphere.VSphere;
import org.opendvx.vsphere.VSphereConfig;
import org.opendvx.vsphere.session.Credentials;

/**
 * Connects to vCenters.
 *
 * @param datastore the name of our datastore in their inventories
 */
record VSphereConnector(String datastore) implements HypervisorConnector {
  @Override
  public String kind() {
    return HypervisorSettings.VCENTER;
  }

  @Override
  public Connection connect(HypervisorSettings settings) {
    TlsTrust trust = TlsTrust.of(settings.certificateSha256(), settings.caFile());
    VSphere vsphere =
        new VSphere(
            VSphereConfig.of(
                settings.name(),
                settings.url(),
                Credentials.fromFile(settings.user(), settings.passwordFile()),
                trust,
                datastore));
    return new Connection() {
      @Override
      public Hypervisor hypervisor() {
        return vsphere;
      }

      @Override
      public String about() {
        return vsphere.about();
      }

      @Override
      public List<String> createRole(String role) {
        return vsphere.createRole(role).privileges();
      }
    };
  }
}
