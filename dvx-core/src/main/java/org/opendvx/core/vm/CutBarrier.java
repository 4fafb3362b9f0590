package org.opendvx.core.vm;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.datastore.Snapshots;

/**
 * Takes snapshots of several machines in one instant, whichever host owns their files. All of them
 * are there afterwards, or none.
 */
@FunctionalInterface
public interface CutBarrier {

  /**
   * Cuts. A barrier over several owners gives up everywhere when an owner is missing or has not
   * confirmed within the limit (each withholds acknowledgements for its files; all confirm; each
   * journals the same cut id; one catalogue record commits it; all release). One owner needs no
   * barrier and no limit.
   *
   * @param requests one for each machine
   * @param limit how long owners may withhold acknowledgements: 100 ms is the aim, 1 s the most
   * @return one cut for each request, in the same order, all of one instant
   */
  CompletableFuture<List<Snapshots.Cut>> cut(List<Snapshots.CutRequest> requests, Duration limit);

  /** The barrier of a datastore whose files all have one owner: one journal record. */
  static CutBarrier oneOwner(Snapshots snapshots) {
    return (requests, _) -> snapshots.cutTogether(requests);
  }
}
