package org.opendvx.server.service;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.SpaceReport;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.server.api.DatastoreView;
import org.opendvx.server.api.StatusView;

/** What the node is and how it fares. Everything comes from memory. Thread-safe. */
public final class NodeFacts {
  private final Identity identity;
  private final Pool pool;
  private final Datastore datastore;
  private final NfsFront nfs;
  private final HypervisorRegistry hypervisors;
  private final TaskRegistry tasks;
  private final Supplier<List<String>> storeWarnings;
  private final Supplier<Optional<CleanerStatus>> cleaning;
  private final Clock clock;

  /**
   * The unchanging part.
   *
   * @param datastoreName the datastore's name in inventories
   */
  public record Identity(String node, String datastoreName, String version, Instant started) {}

  /**
   * Facts over these.
   *
   * @param storeWarnings what of the store does not work, for people
   */
  public NodeFacts(
      Identity identity,
      Pool pool,
      Datastore datastore,
      NfsFront nfs,
      HypervisorRegistry hypervisors,
      TaskRegistry tasks,
      Supplier<List<String>> storeWarnings,
      Supplier<Optional<CleanerStatus>> cleaning,
      Clock clock) {
    this.identity = identity;
    this.pool = pool;
    this.datastore = datastore;
    this.nfs = nfs;
    this.hypervisors = hypervisors;
    this.tasks = tasks;
    this.storeWarnings = storeWarnings;
    this.cleaning = cleaning;
    this.clock = clock;
  }

  /** The unchanging part. */
  public Identity identity() {
    return identity;
  }

  /** SERVING, DEGRADED or FAILED. */
  public String health() {
    return state(pool.status().health());
  }

  /** The node as a whole. */
  public StatusView status() {
    PoolStatus status = pool.status();
    return new StatusView(
        identity.node(),
        identity.version(),
        state(status.health()),
        status.summary(),
        identity.started(),
        Duration.between(identity.started(), clock.instant()).toSeconds(),
        status.drives().size(),
        (int)
            status.drives().stream()
                .filter(drive -> drive.state() == PoolStatus.DriveState.ACTIVE)
                .count(),
        status.toleratedLosses(),
        datastore.snapshots().count(),
        hypervisors.names().size(),
        tasks.running(),
        datastore.congested(),
        warnings());
  }

  private List<String> warnings() {
    List<String> warnings = new ArrayList<>(nfs.warnings());
    warnings.addAll(storeWarnings.get());
    return List.copyOf(warnings);
  }

  /** Space, reduction and exports. */
  public DatastoreView datastore() {
    SpaceReport space = datastore.space();
    Optional<CleanerStatus> cleaned = cleaning.get();
    return new DatastoreView(
        identity.datastoreName(),
        space.totalBytes(),
        space.freeBytes(),
        space.logicalWritten(),
        space.uniqueWritten(),
        space.storedWritten(),
        reduction(space),
        cleaned.map(CleanerStatus::reclaimableBytes).filter(bytes -> bytes >= 0).orElse(null),
        cleaned.map(CleanerStatus::freedBytes).orElse(0L),
        space.files(),
        datastore.snapshots().count(),
        nfs.address(),
        nfs.port(),
        nfs.mountPort(),
        nfs.portmapper(),
        nfs.exports());
  }

  /** Logical by stored bytes; 1 while nothing is stored. */
  public static double reduction(SpaceReport space) {
    return space.storedWritten() == 0 ? 1 : (double) space.logicalWritten() / space.storedWritten();
  }

  /** SERVING, DEGRADED or FAILED. */
  public static String state(PoolStatus.Health health) {
    return switch (health) {
      case HEALTHY -> "SERVING";
      case DEGRADED -> "DEGRADED";
      case FAILED -> "FAILED";
    };
  }
}
