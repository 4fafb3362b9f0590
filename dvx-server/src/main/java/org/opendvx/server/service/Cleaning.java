package org.opendvx.server.service;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.clean.RoundReport;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.CleanerRunView;
import org.opendvx.server.api.CleanerView;
import org.opendvx.server.api.StuckView;

/** The cleaner as people see and ask it. Thread-safe. */
public final class Cleaning {
  private final Supplier<Optional<CleanerStatus>> status;
  private final Sweep sweep;

  /** Gives back all space that is worth it; see {@link org.opendvx.server.node.Store#clean}. */
  @FunctionalInterface
  public interface Sweep {
    /** Does it on the caller's thread, and tells of each round. */
    void run(Consumer<RoundReport> told);
  }

  /**
   * Over a node's store.
   *
   * @param status empty where there is no cleaner
   */
  public Cleaning(Supplier<Optional<CleanerStatus>> status, Sweep sweep) {
    this.status = status;
    this.sweep = sweep;
  }

  /**
   * What it did and knows.
   *
   * @throws DvxException UNSUPPORTED where there is no cleaner
   */
  public CleanerView view() {
    CleanerStatus now =
        status
            .get()
            .orElseThrow(
                () ->
                    DvxException.of(Kind.UNSUPPORTED, "This node has no cleaner")
                        .cause("Its pool is that of a data node, which several hosts may use")
                        .remedy("Nothing: no data is at risk, but space does not come back")
                        .build());
    return new CleanerView(
        now.state().name(),
        now.trouble(),
        now.troubleSince(),
        now.rounds(),
        now.failures(),
        now.deletedContainers(),
        now.deletedBytes(),
        now.writtenBytes(),
        now.freedBytes(),
        now.reclaimableBytes() < 0 ? null : now.reclaimableBytes(),
        now.liveBytes(),
        now.condemnedContainers(),
        now.stuckContainers(),
        now.movedContainers(),
        now.walkedNodes(),
        now.walkSeconds(),
        now.waitingWrites(),
        now.stuck().stream()
            .map(each -> new StuckView(each.container(), each.why(), each.since()))
            .toList());
  }

  /** Cleans until nothing is left that is worth it. Blocks. */
  public CleanerRunView run(Progress progress) {
    Sums sums = new Sums();
    sweep.run(
        report -> {
          sums.add(report);
          progress.at(sums.percent(), sums.said());
        });
    return sums.view();
  }

  private static final class Sums {
    private int rounds;
    private long containers;
    private long deleted;
    private long written;
    private long garbage;

    void add(RoundReport report) {
      rounds++;
      containers += report.deletedContainers();
      deleted += report.deletedBytes();
      written += report.writtenBytes();
      garbage = report.garbageBytes();
    }

    int percent() {
      long freed = Math.max(0, deleted - written);
      return (int) (99 * freed / Math.max(1, freed + garbage));
    }

    String said() {
      return Counted.of(containers, "container") + " given back";
    }

    CleanerRunView view() {
      return new CleanerRunView(rounds, containers, deleted, written, deleted - written, garbage);
    }
  }
}
