package org.opendvx.server.service;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cluster.ClusterHost;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.peer.PeerTier;
import org.opendvx.core.peer.PeerTierStatus;
import org.opendvx.core.prefetch.Prefetch;
import org.opendvx.core.prefetch.PrefetchProgress;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.PeerView;
import org.opendvx.server.api.PrefetchView;
import org.opendvx.server.api.PrefetchesView;
import org.opendvx.server.api.ReadTiersView;

/** What is fetched ahead for machines that move here. Thread-safe. */
public final class Prefetching {
  private static final String FOLDER = "folder";
  private static final double NANOS_PER_MILLI = 1e6;

  private final Optional<Here> here;
  private final Placement placement;

  /**
   * This node among others.
   *
   * @param prefetch null when nothing is fetched ahead
   */
  public record Here(ClusterHost host, PeerTier tier, @Nullable Prefetch prefetch) {}

  /**
   * Over these.
   *
   * @param here null for a node on its own
   */
  public Prefetching(@Nullable Here here, Placement placement) {
    this.here = Optional.ofNullable(here);
    this.placement = placement;
  }

  /** What was and is fetched ahead, and where reads are answered from. */
  public PrefetchesView list() {
    if (here.isEmpty()) {
      return new PrefetchesView(List.of(), null);
    }
    Prefetch prefetch = here.get().prefetch();
    return new PrefetchesView(
        prefetch == null ? List.of() : prefetch.progress().stream().map(Prefetching::view).toList(),
        tiers(here.get()));
  }

  /**
   * Begins to fetch ahead for a machine, as if it moved here.
   *
   * @param vm its name, connection/id, or a folder of the datastore with a slash in front
   * @param from the host, or hypervisor host, that it comes from; empty when that is dead
   * @param announced whether it has yet to move
   */
  public PrefetchesView start(String vm, String from, boolean announced) {
    Prefetch prefetch = here.map(Here::prefetch).orElse(null);
    if (prefetch == null) {
      throw DvxException.of(Kind.UNSUPPORTED, "Nothing is fetched ahead here")
          .cause(
              here.isEmpty() ? "This node is not one of several hosts" : "flash.prefetch-rate is 0")
          .remedy("Ask a node that runs dvx host, with a flash.prefetch-rate")
          .build();
    }
    Placement.Files found = placement.files(vm);
    List<Long> ids = found.files().values().stream().map(FileKey::file).toList();
    int slash = found.vm().indexOf('/');
    VmRef ref =
        slash <= 0
            ? new VmRef(FOLDER, found.vm())
            : new VmRef(found.vm().substring(0, slash), found.vm().substring(slash + 1));
    if (announced) {
      prefetch.about(ref, vm, from, () -> ids);
    } else {
      prefetch.moved(ref, vm, from, () -> ids);
    }
    return list();
  }

  private static PrefetchView view(PrefetchProgress run) {
    return new PrefetchView(
        run.id(),
        run.vm().toString(),
        run.name(),
        run.source(),
        run.state().name(),
        run.note(),
        run.announced(),
        run.started(),
        run.ended(),
        run.hotBytes(),
        run.skippedBytes(),
        run.peerBytes(),
        run.poolBytes(),
        run.missedBytes(),
        run.transferredBytes(),
        run.usedBytes());
  }

  private static ReadTiersView tiers(Here here) {
    PeerTierStatus status = here.tier().status();
    return new ReadTiersView(
        status.mode().name(),
        here.host().chunks().stream().mapToLong(chunks -> chunks.slots().memoryHits()).sum(),
        status.flashChunks(),
        status.peerChunks(),
        status.poolChunks(),
        status.bytesIn(),
        status.bytesOut(),
        status.servedChunks(),
        status.hedges(),
        status.ownSummaryBytes() + status.peerSummaryBytes(),
        status.peers().stream()
            .map(
                peer ->
                    new PeerView(
                        peer.name(),
                        peer.flash(),
                        peer.notAsked(),
                        peer.usual().toNanos() / NANOS_PER_MILLI,
                        peer.chunks(),
                        peer.damaged(),
                        peer.failures()))
            .toList());
  }
}
