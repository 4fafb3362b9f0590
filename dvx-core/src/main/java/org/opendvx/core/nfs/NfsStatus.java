package org.opendvx.core.nfs;

import java.net.InetSocketAddress;
import java.util.List;
import org.opendvx.core.nfs.mount.MountTable;

/**
 * What the server does, for people.
 *
 * @param listening addresses with ports of NFS and MOUNT; empty when stopped
 * @param transport the kind of event loops
 * @param portmapper where clients find the ports
 * @param warnings what does not work, though the server runs
 * @param connections open ones
 * @param mounts see {@link MountTable}
 * @param replayedCalls duplicates that were answered without being applied again
 */
public record NfsStatus(
    List<InetSocketAddress> listening,
    String transport,
    PortmapperState portmapper,
    List<String> warnings,
    int connections,
    List<MountTable.Mount> mounts,
    long replayedCalls) {

  /** Where clients find the ports. */
  public enum PortmapperState {
    /** Nowhere: they must be told. */
    OFF,
    /** Here. */
    SERVED,
    /** At the portmapper that this machine has. */
    REGISTERED,
    /** Nowhere, against what was configured. */
    FAILED
  }
}
