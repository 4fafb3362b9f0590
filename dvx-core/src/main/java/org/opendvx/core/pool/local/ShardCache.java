package org.opendvx.core.pool.local;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Shard files kept open for reading, and headers kept in memory; both bounded. Thread-safe. */
final class ShardCache {
  private static final Logger LOG = LoggerFactory.getLogger(ShardCache.class);

  private final UUID pool;
  private final Cache<ShardName, OpenShard> open;
  private final Cache<ShardName, ShardHeader> headers;

  /** A shard file that is open, for as long as somebody uses it or the cache keeps it. */
  static final class OpenShard implements AutoCloseable {
    private final Drive drive;
    private final DriveFile file;
    private final ShardHeader header;
    private int users = 1;

    private OpenShard(Drive drive, DriveFile file, ShardHeader header) {
      this.drive = drive;
      this.file = file;
      this.header = header;
    }

    DriveFile file() {
      return file;
    }

    ShardHeader header() {
      return header;
    }

    private synchronized boolean retain() {
      if (users == 0) {
        return false;
      }
      users++;
      return true;
    }

    /** Ends one use. */
    @Override
    public void close() {
      synchronized (this) {
        users--;
        if (users > 0) {
          return;
        }
      }
      try {
        file.close();
      } catch (IOException e) {
        LOG.debug("A shard on {} was not closed", drive, e);
      }
    }
  }

  ShardCache(UUID pool, int openShards, int cachedHeaders) {
    this.pool = pool;
    this.open =
        Caffeine.newBuilder()
            .maximumSize(openShards)
            .executor(Runnable::run)
            .<ShardName, OpenShard>removalListener(
                (_, shard, _) -> {
                  if (shard != null) {
                    shard.close();
                  }
                })
            .build();
    this.headers = Caffeine.newBuilder().maximumSize(cachedHeaders).executor(Runnable::run).build();
  }

  /**
   * Opens a shard of a drive, on a thread of that drive.
   *
   * @throws BadShardException when its header is not the right one
   */
  OpenShard open(Drive drive, ShardName name) throws IOException {
    OpenShard cached = open.getIfPresent(name);
    if (cached != null && cached.drive == drive && cached.retain()) {
      return cached;
    }
    DriveFile file = drive.folder().open(name.path(), false);
    OpenShard fresh;
    try {
      fresh = new OpenShard(drive, file, header(file, name));
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
    fresh.retain();
    open.put(name, fresh);
    return fresh;
  }

  private ShardHeader header(DriveFile file, ShardName name) throws IOException {
    ShardHeader known = headers.getIfPresent(name);
    if (known != null) {
      return known;
    }
    ByteBuffer bytes = Buffers.ofThread(ShardHeader.BYTES);
    file.read(bytes, 0);
    ShardHeader header = ShardHeader.decode(bytes.flip(), pool, name);
    if (header == null) {
      throw new BadShardException("damaged header");
    }
    headers.put(name, header);
    return header;
  }

  /** Forgets a shard whose file was replaced or removed. */
  void forget(ShardName name) {
    open.invalidate(name);
    headers.invalidate(name);
  }

  /** Closes the files of drives that are not in use any more. */
  void retain(PoolView view) {
    open.asMap().values().removeIf(shard -> !view.uses(shard.drive));
  }

  void close() {
    open.invalidateAll();
  }
}
