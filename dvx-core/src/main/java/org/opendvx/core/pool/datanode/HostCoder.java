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
 * Has lost shards computed by a host: the one whose request needs it, else any that is connected;
 * and so the parity of a container that is written once more in another shape, which is lost as far
 * as a host can tell. The data node reads and writes shards, and computes none.
 */
public final class HostCoder implements StripeCoder {
  /** The connection whose request the thread is working for. */
  static final ScopedValue<HostConnection> ASKER = ScopedValue.newInstance();

  private static final long LIMIT_SECONDS = 10;
  private static final int MOST_ASKED = 3;
  private static final int PARITY = 2;

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
    byte[] @Nullable [] ranges = new byte[dataShards + PARITY][];
    for (int i = 0; i < dataShards; i++) {
      // What is behind the content is zeros.
      int from = Math.min(length, i * shardLength);
      byte[] shard = new byte[shardLength];
      System.arraycopy(content, from, shard, 0, Math.min(shardLength, length - from));
      ranges[i] = shard;
    }
    System.arraycopy(rebuild(dataShards, ranges, dataShards, shardLength), 0, p, 0, shardLength);
    System.arraycopy(
        rebuild(dataShards, ranges, dataShards + 1, shardLength), 0, q, 0, shardLength);
  }

  @Override
  public byte[] rebuild(int dataShards, byte[] @Nullable [] ranges, int wanted, int length) {
    int tried = 0;
    for (HostConnection host : candidates()) {
      if (tried++ == MOST_ASKED) {
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
    HostConnection asker = ASKER.isBound() ? ASKER.get() : null;
    List<HostConnection> hosts = new ArrayList<>();
    if (asker != null) {
      hosts.add(asker);
    }
    Sessions known = sessions;
    if (known != null) {
      hosts.addAll(known.hostsFirst(asker));
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
