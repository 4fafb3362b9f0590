package org.opendvx.core.pool.local;

import java.io.IOException;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.opendvx.core.error.DvxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes bad shards anew, from the others, in the background. Best effort, bounded. */
final class ShardRepair implements ContainerReader.BadShardSink {
  private static final Logger LOG = LoggerFactory.getLogger(ShardRepair.class);
  private static final int MOST_WAITING = 1024;

  private final UUID pool;
  private final MembershipKeeper keeper;
  private final ContainerIndex index;
  private final ShardCache cache;
  private final Stripes stripes;
  private final StripeCoder coder;
  private final Executor background;
  private final Set<ShardName> waiting = ConcurrentHashMap.newKeySet();

  ShardRepair(
      UUID pool,
      MembershipKeeper keeper,
      ContainerIndex index,
      ShardCache cache,
      Stripes stripes,
      StripeCoder coder,
      Executor background) {
    this.pool = pool;
    this.keeper = keeper;
    this.index = index;
    this.cache = cache;
    this.stripes = stripes;
    this.coder = coder;
    this.background = background;
  }

  @Override
  public void bad(ContainerEntry entry, int shard) {
    ShardName name = entry.name(shard);
    if (!isThere(entry, shard)) {
      return;
    }
    cache.forget(name);
    if (waiting.size() >= MOST_WAITING || !waiting.add(name)) {
      return;
    }
    Drive drive = keeper.view().drive(entry.drive(shard));
    if (drive != null) {
      drive.badShards().incrementAndGet();
    }
    try {
      background.execute(
          () -> {
            try {
              repair(entry, shard);
            } finally {
              waiting.remove(name);
            }
          });
    } catch (RejectedExecutionException _) {
      waiting.remove(name);
    }
  }

  /**
   * Writes a bad shard anew on its drive, and waits for that.
   *
   * @return whether it is good now
   */
  synchronized boolean repair(ContainerEntry entry, int shard) {
    Drive drive = keeper.view().drive(entry.drive(shard));
    if (drive == null || keeper.view().failed() || !isThere(entry, shard)) {
      return false;
    }
    ShardName name = entry.name(shard);
    cache.forget(name);
    try {
      byte[] rebuilt =
          new ContainerReader(keeper, new ShardReader(cache), (_, _) -> {}, coder)
              .rebuild(entry, shard, 0, entry.shape().shardLength(), DriveIo.Lane.BACKGROUND);
      drive
          .io()
          .call(
              DriveIo.Lane.WRITE,
              ticket -> {
                ShardFiles.writeRepaired(ticket, drive, pool, name, rebuilt);
                return null;
              });
      return publish(entry, shard, drive, name);
    } catch (DvxException e) {
      LOG.warn("Container {} cannot be repaired: {}", entry.id(), e.getMessage());
    } catch (IOException e) {
      if (IoErrors.isNoSpace(e)) {
        LOG.warn("Container {} cannot be repaired: {} is full", entry.id(), drive);
      } else {
        keeper.shutOut(drive, "a shard could not be repaired: " + IoErrors.brief(e));
      }
    }
    return false;
  }

  /** Whether the shard is still where the entry says: it may have been moved meanwhile. */
  private boolean isThere(ContainerEntry entry, int shard) {
    ContainerEntry now = index.get(entry.id());
    return now != null
        && now.attempt() == entry.attempt()
        && now.drive(shard) == entry.drive(shard);
  }

  private boolean publish(ContainerEntry entry, int shard, Drive drive, ShardName name)
      throws IOException {
    synchronized (stripes.of(entry.id())) {
      boolean wanted = isThere(entry, shard);
      drive
          .io()
          .call(
              DriveIo.Lane.WRITE,
              ticket -> {
                ticket.check();
                if (wanted) {
                  ShardFiles.publishRepaired(drive, name);
                } else {
                  ShardFiles.remove(drive, name);
                }
                return null;
              });
      cache.forget(name);
      if (wanted) {
        LOG.info("Wrote shard {} of container {} anew on {}", shard, entry.id(), drive);
      }
      return wanted;
    }
  }
}
