package org.opendvx.core.pool.datanode;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.Lease;
import org.opendvx.core.pool.LeaseStore;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.RecordStore.VersionedRecord;

/**
 * Leases over a pool's records: who holds one is durable, when it was last renewed is not. So after
 * a start every lease holds for its whole time once more. Thread-safe.
 */
public final class RecordLeases implements LeaseStore {
  private static final String PREFIX = "lease/";
  private static final int MAX_HOLDER = 256;
  private static final Known NOBODY = new Known("", 0, 0, 0);

  private final Pool pool;
  private final LongSupplier nanoClock;
  private final Map<String, Known> known = new HashMap<>();

  /** The record's version is the token. */
  private record Known(String holder, long version, long millis, long endNanos) {}

  /** Takes up the leases that there are. */
  public RecordLeases(Pool pool, LongSupplier nanoClock) {
    this.pool = pool;
    this.nanoClock = nanoClock;
    for (String key : pool.records().keys(PREFIX)) {
      pool.records()
          .get(key)
          .ifPresent(record -> known.put(key.substring(PREFIX.length()), decode(record)));
    }
  }

  @Override
  public synchronized Lease take(Epoch epoch, String name, String holder, Duration time) {
    long millis = time.toMillis();
    if (millis < 1
        || time.compareTo(MOST) > 0
        || holder.isEmpty()
        || holder.getBytes(StandardCharsets.UTF_8).length > MAX_HOLDER) {
      throw DvxException.of(Kind.INVALID, "No such lease can be had")
          .cause("It lasts at most " + MOST + " and its holder has a name")
          .detail("lease", name)
          .build();
    }
    requireUnfenced(epoch);
    Known now = known.getOrDefault(name, NOBODY);
    boolean held = !now.holder().isEmpty() && now.endNanos() - nanoClock.getAsLong() > 0;
    if (held && !now.holder().equals(holder)) {
      throw DvxException.of(Kind.CONFLICT, "Somebody else has the lease")
          .detail("lease", name)
          .detail("holder", now.holder())
          .build();
    }
    long version = now.version();
    if (!held || now.millis() != millis) {
      version = pool.records().put(epoch, PREFIX + name, version, encode(holder, millis));
    }
    known.put(name, new Known(holder, version, millis, end(millis)));
    return new Lease(name, holder, version, time);
  }

  @Override
  public synchronized void release(Epoch epoch, String name, String holder) {
    Known now = known.get(name);
    if (now != null && now.holder().equals(holder)) {
      long version = pool.records().put(epoch, PREFIX + name, now.version(), encode("", 0));
      known.put(name, new Known("", version, 0, nanoClock.getAsLong()));
    }
  }

  @Override
  public synchronized Optional<Lease> look(String name) {
    Known now = known.get(name);
    if (now == null || now.holder().isEmpty()) {
      return Optional.empty();
    }
    long left = now.endNanos() - nanoClock.getAsLong();
    return left <= 0
        ? Optional.empty()
        : Optional.of(new Lease(name, now.holder(), now.version(), Duration.ofNanos(left)));
  }

  private void requireUnfenced(Epoch epoch) {
    long fence = pool.fence(epoch.host(), 0);
    if (epoch.number() < fence) {
      throw DvxException.of(Kind.CONFLICT, "This host has been fenced")
          .detail("host", epoch.host())
          .detail("epoch", epoch.number())
          .detail("fenced below", fence)
          .build();
    }
  }

  private long end(long millis) {
    return nanoClock.getAsLong() + Duration.ofMillis(millis).toNanos();
  }

  private static byte[] encode(String holder, long millis) {
    byte[] name = holder.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(Long.BYTES + name.length).putLong(millis).put(name).array();
  }

  private Known decode(VersionedRecord record) {
    byte[] value = record.value();
    long millis = value.length < Long.BYTES ? 0 : ByteBuffer.wrap(value).getLong();
    String holder =
        value.length <= Long.BYTES
            ? ""
            : new String(value, Long.BYTES, value.length - Long.BYTES, StandardCharsets.UTF_8);
    return new Known(holder, record.version(), millis, end(millis));
  }
}
