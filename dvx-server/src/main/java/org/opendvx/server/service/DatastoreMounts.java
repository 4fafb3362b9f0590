package org.opendvx.server.service;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Hypervisor.DatastoreMount;
import org.opendvx.core.vm.Hypervisor.HostResult;
import org.opendvx.server.api.HostOutcome;
import org.opendvx.server.api.HostView;
import org.opendvx.server.api.ImportView;
import org.opendvx.server.api.MountRequest;
import org.opendvx.server.service.EventLog.Severity;

/** Mounts the datastore on hypervisor hosts and unmounts it. Calls block. Thread-safe. */
public final class DatastoreMounts {
  /** Owner of what oVirt's hosts write. */
  private static final String VDSM = "36:36";

  private final HypervisorRegistry hypervisors;
  private final NfsFront nfs;
  private final String datastore;
  private final EventLog events;

  /**
   * A service.
   *
   * @param datastore the datastore's name in inventories
   */
  public DatastoreMounts(
      HypervisorRegistry hypervisors, NfsFront nfs, String datastore, EventLog events) {
    this.hypervisors = hypervisors;
    this.nfs = nfs;
    this.datastore = datastore;
    this.events = events;
  }

  /** The hosts of a connection. */
  public List<HostView> hosts(String connection) {
    return hypervisors.use(
        connection,
        hypervisor ->
            hypervisor.hosts(datastore).stream()
                .map(
                    host ->
                        new HostView(host.host(), host.address(), host.connected(), host.mounted()))
                .toList());
  }

  /** Mounts; one outcome for each host. */
  public List<HostOutcome> mount(String connection, MountRequest request) {
    DatastoreMount mount = wanted(connection, request);
    return tell(
        "mounted",
        connection,
        hypervisors.use(
            connection, hypervisor -> hypervisor.registerDatastore(mount, hosts(request))));
  }

  /** Takes up the datastore in a manager that lost it. */
  public ImportView importInto(String connection, MountRequest request) {
    DatastoreMount mount = wanted(connection, request);
    ImportView done = hypervisors.ask(connection, each -> each.importDatastore(mount));
    events.add(
        done.failed().isEmpty() ? Severity.INFO : Severity.WARNING,
        "datastore.imported",
        connection,
        "imported with "
            + Counted.of(done.machines().size(), "machine")
            + ", refused: "
            + done.failed().size());
    return done;
  }

  private DatastoreMount wanted(String connection, MountRequest request) {
    String server = Objects.requireNonNullElse(request.server(), nfs.address());
    if (server.equals("0.0.0.0") || server.equals("::") || server.isBlank()) {
      throw DvxException.of(Kind.INVALID, "The hosts cannot be told where the node is")
          .cause("NFS listens on all addresses")
          .remedy("Give the one under which the hosts reach the node, by --address")
          .build();
    }
    String export = export(connection, request.export());
    return new DatastoreMount(
        datastore,
        server,
        export,
        address -> nfs.refusal(export, address),
        Objects.requireNonNullElse(request.localPath(), ""));
  }

  /** Unmounts; one outcome for each host. */
  public List<HostOutcome> unmount(String connection, MountRequest request) {
    return tell(
        "unmounted",
        connection,
        hypervisors.use(
            connection, hypervisor -> hypervisor.unregisterDatastore(datastore, hosts(request))));
  }

  /** The hosts asked for; none stands for all of them. */
  private static List<String> hosts(MountRequest request) {
    List<String> hosts = request.hosts();
    return hosts == null ? List.of() : hosts;
  }

  private String export(String connection, @Nullable String wanted) {
    List<String> paths = nfs.exports().stream().map(export -> export.path()).toList();
    if (wanted == null) {
      if (hypervisors.view(connection).kind().equals(HypervisorSettings.RHV)) {
        return ofVdsm();
      }
      return paths.getFirst();
    }
    if (!paths.contains(wanted)) {
      throw DvxException.of(Kind.NOT_FOUND, "There is no such export")
          .cause(wanted + " is none of " + String.join(", ", paths))
          .remedy("Name one of them, or add it under nfs.exports in the configuration")
          .build();
    }
    return wanted;
  }

  /** The export for oVirt: the one that belongs to vdsm. */
  private String ofVdsm() {
    return nfs.exports().stream()
        .filter(export -> export.owner().equals(VDSM))
        .findFirst()
        .orElseThrow(
            () ->
                DvxException.of(Kind.NOT_FOUND, "There is no export for oVirt")
                    .cause("vdsm needs one whose owner is " + VDSM)
                    .remedy("Add one with a folder of its own and owner: 36:36 under nfs.exports")
                    .build())
        .path();
  }

  private List<HostOutcome> tell(String verb, String connection, List<HostResult> results) {
    for (HostResult result : results) {
      boolean good =
          result.outcome() == HostResult.Outcome.DONE
              || result.outcome() == HostResult.Outcome.ALREADY;
      events.add(
          good ? Severity.INFO : Severity.WARNING,
          "datastore." + verb,
          connection + "/" + result.host(),
          good ? "the datastore is " + verb : result.reason());
    }
    return results.stream()
        .map(result -> new HostOutcome(result.host(), result.outcome().name(), result.reason()))
        .toList();
  }
}
