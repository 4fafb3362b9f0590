package org.opendvx.rhv.inventory;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.rhv.session.EngineSession;
import org.ovirt.engine.sdk4.types.Cluster;
import org.ovirt.engine.sdk4.types.DataCenter;
import org.ovirt.engine.sdk4.types.Host;
import org.ovirt.engine.sdk4.types.StorageDomain;

/** Small lists of the engine: data centers, hosts, storage domains. Read anew at each call. */
public final class Catalog {
  private final EngineSession session;
  private final String domain;
  private final String dataCenter;

  /**
   * Over a session.
   *
   * @param domain the name of our storage domain
   * @param dataCenter the data center's name, empty when there is only one
   */
  public Catalog(EngineSession session, String domain, String dataCenter) {
    this.session = session;
    this.domain = domain;
    this.dataCenter = dataCenter;
  }

  /** The name of our storage domain. */
  public String domainName() {
    return domain;
  }

  /** Our storage domain as the engine lists it, without the status in a data center. */
  public Optional<StorageDomain> domain() {
    return domains().stream().filter(each -> domain.equals(each.name())).findFirst();
  }

  /** All storage domains. */
  List<StorageDomain> domains() {
    return session.read(
        "The engine cannot list its storage domains",
        system -> system.storageDomainsService().list().send().storageDomains());
  }

  /** Our storage domain, which must be there. */
  public StorageDomain requireDomain() {
    return domain()
        .orElseThrow(
            () ->
                DvxException.of(Kind.NOT_FOUND, "The engine has no storage domain " + domain)
                    .cause("It was not registered yet, or has another name there")
                    .remedy("dvx rhv register, or node.datastore in the configuration")
                    .build());
  }

  /** The data center that the domain belongs to. */
  public DataCenter dataCenter() {
    List<DataCenter> all =
        session.read(
            "The engine cannot list its data centers",
            system -> system.dataCentersService().list().send().dataCenters());
    List<DataCenter> wanted =
        all.stream()
            .filter(each -> dataCenter.isEmpty() || dataCenter.equals(each.name()))
            .toList();
    if (wanted.size() == 1) {
      return wanted.getFirst();
    }
    throw DvxException.of(
            wanted.isEmpty() ? Kind.NOT_FOUND : Kind.INVALID, "Which data center is not clear")
        .cause(
            wanted.isEmpty()
                ? "The engine has none of the name " + dataCenter
                : "The engine has " + wanted.size())
        .remedy("Name it in the connection's settings")
        .detail("data centers", all.stream().map(DataCenter::name).toList())
        .build();
  }

  /** The hosts of the data center, by id. */
  public Map<String, Host> hosts() {
    String center = dataCenter().id();
    List<String> clusters =
        clusters().stream()
            .filter(each -> each.dataCenterPresent() && center.equals(each.dataCenter().id()))
            .map(Cluster::id)
            .toList();
    Map<String, Host> hosts = new LinkedHashMap<>();
    for (Host host : allHosts()) {
      if (host.clusterPresent() && clusters.contains(host.cluster().id())) {
        hosts.put(host.id(), host);
      }
    }
    return hosts;
  }

  /** All hosts. */
  public List<Host> allHosts() {
    return session.read(
        "The engine cannot list its hosts", system -> system.hostsService().list().send().hosts());
  }

  /** Names of all hosts by id. */
  public Map<String, String> hostNames() {
    Map<String, String> names = new LinkedHashMap<>();
    allHosts().forEach(host -> names.put(host.id(), host.name()));
    return names;
  }

  /** All clusters. */
  public List<Cluster> clusters() {
    return session.read(
        "The engine cannot list its clusters",
        system -> new ArrayList<>(system.clustersService().list().send().clusters()));
  }
}
