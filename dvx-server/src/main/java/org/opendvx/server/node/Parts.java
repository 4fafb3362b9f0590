package org.opendvx.server.node;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.service.Agents;
import org.opendvx.server.service.EventLog;
import org.opendvx.server.service.HypervisorConnector;
import org.opendvx.server.service.HypervisorRegistry;
import org.opendvx.server.service.MachineProtection;
import org.opendvx.server.service.NfsFront;

/**
 * What a node is put together from. {@code wiring.RealParts} has the real ones.
 *
 * @param store opens or creates the store
 * @param nfs starts the NFS server
 * @param protection snapshots of machines
 * @param connectors one for each kind of virtualisation manager
 * @param agents awaits guest agents
 */
public record Parts(
    StoreOpener store,
    NfsStarter nfs,
    ProtectionMaker protection,
    ConnectorMaker connectors,
    AgentsStarter agents) {

  /** Parts of a node that awaits no guest agents. */
  public Parts(
      StoreOpener store, NfsStarter nfs, ProtectionMaker protection, ConnectorMaker connectors) {
    this(store, nfs, protection, connectors, (_, _, _, _) -> Agents.none());
  }

  /** Starts to await guest agents. */
  @FunctionalInterface
  public interface AgentsStarter {
    /** Listens if the configuration says so. */
    Agents start(
        NodeConfig config, DataFolder folder, HypervisorRegistry hypervisors, MeterRegistry meters);
  }

  /** Opens a store. */
  @FunctionalInterface
  public interface StoreOpener {
    /** Opens the store of a node, creating it at the first start. */
    Store open(NodeConfig config, DataFolder folder);
  }

  /** Starts NFS. */
  @FunctionalInterface
  public interface NfsStarter {
    /** Listens, and measures into the registry. */
    NfsFront start(NodeConfig config, Store store, MeterRegistry meters);
  }

  /** Makes the service for machines. */
  @FunctionalInterface
  public interface ProtectionMaker {
    /** Over these. */
    MachineProtection make(Datastore datastore, HypervisorRegistry hypervisors, Agents agents);
  }

  /** Makes the connectors. */
  @FunctionalInterface
  public interface ConnectorMaker {
    /** In these surroundings. */
    List<HypervisorConnector> make(Surroundings surroundings);
  }

  /**
   * What connectors may use.
   *
   * @param datastoreName the datastore's name in inventories
   * @param state folder for what a connector keeps; exists
   */
  public record Surroundings(
      String datastoreName,
      Datastore datastore,
      NodeConfig config,
      java.nio.file.Path state,
      EventLog events) {}
}
