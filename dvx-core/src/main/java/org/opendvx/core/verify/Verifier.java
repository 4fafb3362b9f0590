package org.opendvx.core.verify;

import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Reclaim;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.ChunkAddress;
import org.opendvx.core.log.ContainerCheck;
import org.opendvx.core.pool.local.DriveCare;

/**
 * Walks from the roots to every chunk, reads every container, and compares: each reference leads to
 * a slot that opens, each shard has its checksums, each stripe its parity. Runs beside everything
 * else, the cleaner included; what changes meanwhile is looked at again. One thread.
 */
public final class Verifier {
  private static final int MOST_DETAILS = 1000;
  private static final Duration CHECKPOINT_LIMIT = Duration.ofMinutes(2);

  private final Reclaim store;
  private final @Nullable DriveCare drives;
  private final Watcher watcher;
  private final List<String> details = new ArrayList<>();
  private boolean broken;
  private long problems;
  private long bytes;
  private long slots;
  private long containers;
  private long unreachable;
  private long unreachableBytes;

  /** Told how far it is. */
  @FunctionalInterface
  public interface Watcher {
    /** So many containers were read, of so many. */
    void at(long done, long total);
  }

  /**
   * A verification, to be run once.
   *
   * @param drives of the pool, null where they are those of a data node: it looks after shards then
   */
  public Verifier(Reclaim store, @Nullable DriveCare drives, Watcher watcher) {
    this.store = store;
    this.drives = drives;
    this.watcher = watcher;
  }

  /**
   * Verifies.
   *
   * @throws DvxException when it cannot be done now; TIMEOUT when the pool takes no containers
   */
  public VerifyReport run() throws InterruptedException {
    long mark = store.markId();
    store.checkpoint(CHECKPOINT_LIMIT);
    References left = walk();
    long nodes = left.visited();
    long references = left.size();
    List<Long> ids = new ArrayList<>();
    store.pool().containers().forEach(ids::add);
    long done = 0;
    for (long id : ids) {
      watcher.at(done++, ids.size());
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      container(id, mark, left);
    }
    if (!left.isEmpty()) {
      again(left);
    }
    left.forEach(this::missing);
    watcher.at(ids.size(), ids.size());
    return new VerifyReport(
        containers,
        bytes,
        slots,
        nodes,
        references,
        unreachable,
        unreachableBytes,
        problems,
        List.copyOf(details));
  }

  /**
   * Walks from the last checkpoint. The cleaner may take away what only an older one reaches while
   * that one is walked: then it is walked again from a new one, and the cleaner waits for it.
   */
  private References walk() throws InterruptedException {
    try {
      return walked();
    } catch (DvxException e) {
      if (!isMissing(e)) {
        throw e;
      }
    }
    store.checkpoint(CHECKPOINT_LIMIT);
    return store.whileNothingIsTakenAway(this::walkedOrTold);
  }

  private References walked() {
    References found = new References();
    store.walk(found);
    return found;
  }

  private References walkedOrTold() {
    References found = new References();
    try {
      store.walk(found);
    } catch (DvxException e) {
      if (!isMissing(e)) {
        throw e;
      }
      broken = true;
      problem("a tree cannot be walked, the rest of it is not looked at: " + e.getMessage());
    }
    return found;
  }

  private static boolean isMissing(DvxException error) {
    return error.kind() == Kind.CORRUPT || error.kind() == Kind.NOT_FOUND;
  }

  private void container(long id, long mark, References left) {
    if (drives != null) {
      drives.check(id).forEach(this::problem);
    }
    boolean[] used = new boolean[1];
    try {
      int length =
          store
              .repacker()
              .check()
              .check(
                  id,
                  new ContainerCheck.Sink() {
                    @Override
                    public void good(long address) {
                      slots++;
                      if (left.has(address) && isAt(address, id)) {
                        left.remove(address);
                        used[0] = true;
                      }
                    }

                    @Override
                    public void bad(long address, String why) {
                      used[0] |= left.has(address);
                      problem(
                          "slot " + Long.toHexString(address) + " in container " + id + ": " + why);
                    }
                  });
      containers++;
      bytes += length;
      if (!used[0] && id < mark) {
        unreachable++;
        unreachableBytes += length;
      }
    } catch (DvxException e) {
      if (e.kind() != Kind.NOT_FOUND) {
        problem("container " + id + ": " + e.getMessage());
      }
    }
  }

  private boolean isAt(long address, long place) {
    return store.places().placeOf(ChunkAddress.container(address)) == place;
  }

  /**
   * The cleaner may have moved what was not found, or nobody refers to it any more. It waits while
   * this is looked at once more.
   */
  private void again(References left) throws InterruptedException {
    store.checkpoint(CHECKPOINT_LIMIT);
    boolean _ =
        store.whileNothingIsTakenAway(
            () -> {
              if (!broken) {
                References now = walkedOrTold();
                if (!broken) {
                  left.retain(now);
                }
              }
              readAgain(left);
              return true;
            });
  }

  private void readAgain(References left) {
    Set<Long> places = new HashSet<>();
    left.forEach((container, _) -> places.add(store.places().placeOf(container)));
    for (long place : places) {
      try {
        int _ =
            store
                .repacker()
                .check()
                .check(
                    place,
                    new ContainerCheck.Sink() {
                      @Override
                      public void good(long address) {
                        if (isAt(address, place)) {
                          left.remove(address);
                        }
                      }

                      @Override
                      public void bad(long address, String why) {
                        // Told already, or told below as a reference that leads nowhere.
                      }
                    });
      } catch (DvxException _) {
        // What it should hold is told below.
      }
    }
  }

  private void missing(long container, BitSet gone) {
    problem(
        gone.cardinality()
            + " slots of container "
            + container
            + " that roots refer to cannot be read, the first is "
            + gone.nextSetBit(0));
  }

  private void problem(String text) {
    problems++;
    if (details.size() < MOST_DETAILS) {
      details.add(text);
    }
  }
}
