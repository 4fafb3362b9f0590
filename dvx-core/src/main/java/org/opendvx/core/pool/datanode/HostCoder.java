package org.opendvx.core.pool.datanode;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.local.StripeCoder;
import org.opendvx.core.pool.wire.Frame;
import org.opendvx.core.pool.wire.Op;
import org.opendvx.core.pool.wire.WireErrors;
import org.opendvx.core.pool.wire.WireOut;

/**
 * Has lost shards computed by a host: the one whose request needs it, else any that is connected.
 * The data node reads and writes shards, and computes none.
 */
public final class HostCoder implements StripeCoder {
  /** The connection whose request the thread is working for. */
  static final ScopedValue<HostConnection> ASKER = ScopedValue.newInstance();

  private static final long LIMIT_SECONDS = 10;
  private static final int MOST_HOSTS = 3;

  private volatile @Nullable Sessions sessions;

  /** Nobody can be asked until a server runs. */
  public HostCoder() {}

  /** Hosts that may be asked from now on. */
  void attach(Sessions hosts) {
    sessions = hosts;
  }

  @Override
  public void encode(
      int dataShards, byte[] content, int length, int shardLength, byte[] p, byte[] q) {
    throw new IllegalStateException("a data node takes containers that are coded already");
  }

  @Override
  public byte[] rebuild(int dataShards, byte[] @Nullable [] ranges, int wanted, int length) {
    int tried = 0;
    for (HostConnection host : candidates()) {
      if (tried++ == MOST_HOSTS) {
        break;
      }
      byte[] rebuilt = ask(host, dataShards, ranges, wanted, length);
      if (rebuilt != null) {
        return rebuilt;
      }
    }
    throw DvxException.of(Kind.UNAVAILABLE, "No host is there to compute a lost shard")
        .cause("Parity is computed by hosts, and none of " + tried + " asked gave an answer")
        .remedy("Start a host")
        .build();
  }

  private List<HostConnection> candidates() {
    List<HostConnection> hosts = new ArrayList<>();
    if (ASKER.isBound()) {
      hosts.add(ASKER.get());
    }
    Sessions known = sessions;
    if (known != null) {
      known.connections().stream().filter(host -> !hosts.contains(host)).forEach(hosts::add);
    }
    return hosts;
  }

  private static byte @Nullable [] ask(
      HostConnection host, int dataShards, byte[] @Nullable [] ranges, int wanted, int length) {
    int present = 0;
    WireOut body = new WireOut();
    for (int i = 0; i < ranges.length; i++) {
      byte[] range = ranges[i];
      if (range != null) {
        present |= 1 << i;
        body.large(range, 0, length);
      }
    }
    body.u8(dataShards).u8(wanted).i32(length).i32(present);
    try {
      Frame reply =
          host.ask(Op.REBUILD, body, TimeUnit.SECONDS.toMillis(LIMIT_SECONDS))
              .get(LIMIT_SECONDS, TimeUnit.SECONDS);
      return reply.status() == WireErrors.OK && reply.length() == length
          ? reply.in().copy(length)
          : null;
    } catch (ExecutionException | TimeoutException _) {
      return null;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return null;
    }
  }
}
