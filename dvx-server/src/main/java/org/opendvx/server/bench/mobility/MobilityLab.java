package org.opendvx.server.bench.mobility;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.cli.RestClient;
import org.opendvx.server.lab.HostLab;
import org.opendvx.server.lab.LabNetwork;
import org.opendvx.server.simulator.Simulator;

/** Hosts with flash beside the hypervisor hosts of the simulator, and clients of their REST. */
final class MobilityLab implements AutoCloseable {
  private final HostLab lab;
  private final List<String> hosts;
  private final Map<String, RestClient> clients = new LinkedHashMap<>();

  /**
   * A lab that is not started yet.
   *
   * @param hosts their names, in the order of the hypervisor hosts beside them
   */
  MobilityLab(HostLab.Setup setup, List<String> hosts) throws IOException, InterruptedException {
    this.lab = new HostLab(setup);
    this.hosts = List.copyOf(hosts);
  }

  List<String> hosts() {
    return hosts;
  }

  /** How the processes reach each other. */
  LabNetwork network() {
    return lab.network();
  }

  /**
   * Starts all; they serve when this returns.
   *
   * @param flashBytes of each host
   * @param cold the host that fetches nothing ahead
   */
  void start(long flashBytes, String cold) throws IOException, InterruptedException {
    lab.startDataNode();
    for (String host : hosts) {
      lab.join(host, sections(host, flashBytes, host.equals(cold) ? "0" : "512MiB"));
    }
    lab.start(hosts);
    for (String host : hosts) {
      clients.put(host, RestClient.of(node(host)));
    }
  }

  private String sections(String host, long flashBytes, String prefetchRate) throws IOException {
    Path device = Files.createDirectories(lab.at("flash-" + host));
    return """
      hypervisors: [%s]
    flash:
      devices: [%s]
      capacity: %d
      index-memory: 32MiB
      prefetch-rate: %s
    """
        .formatted(Simulator.host(hosts.indexOf(host)), device, flashBytes, prefetchRate);
  }

  /** SIGKILL. */
  void kill(String host) throws InterruptedException {
    lab.kill(List.of(host));
  }

  /** How a host is reached, also after its death. */
  NodeFile node(String host) throws IOException {
    return lab.node(host);
  }

  RestClient client(String host) {
    return Objects.requireNonNull(clients.get(host), host);
  }

  @Override
  public void close() {
    clients.values().forEach(RestClient::close);
    lab.close();
  }
}
