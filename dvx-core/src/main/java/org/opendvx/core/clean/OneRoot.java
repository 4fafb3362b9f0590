package org.opendvx.core.clean;

import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import org.opendvx.core.datastore.Reclaim;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.tree.NodeWalk;

/** A pool of one host, whose engine is in this process. */
final class OneRoot implements Referrers {
  private final Reclaim store;

  OneRoot(Reclaim store) {
    this.store = store;
  }

  /** What other hosts refer to is not seen by this one's walk. */
  @Override
  public void check() {
    Set<String> hosts = new TreeSet<>(Participants.of(store.pool().records()));
    hosts.remove(store.host());
    if (!hosts.isEmpty()) {
      throw DvxException.of(Kind.UNSUPPORTED, "The pool is not cleaned")
          .cause("Other hosts have files in it, whose references cannot be seen from here")
          .remedy("Nothing: no data is at risk, but space does not come back")
          .detail("hosts", hosts)
          .build();
    }
  }

  @Override
  public void drain(Duration limit) throws InterruptedException {
    store.drain(limit);
  }

  @Override
  public void checkpoint(Duration limit) throws InterruptedException {
    store.checkpoint(limit);
  }

  @Override
  public long walk(NodeWalk.Visitor visitor) {
    long number = store.checkpointNumber();
    store.walk(visitor);
    return number;
  }

  @Override
  public void letGo(Duration limit) throws InterruptedException {
    store.drain(limit);
  }

  @Override
  public long followKeys(int current, int newest, boolean newContainers, Duration limit) {
    return store.followKeys(newContainers).lowestOpen();
  }

  @Override
  public long checkpoints() {
    return store.checkpointNumber();
  }

  @Override
  public long changes() {
    return store.changes();
  }

  @Override
  public boolean oneSequence() {
    return true;
  }
}
