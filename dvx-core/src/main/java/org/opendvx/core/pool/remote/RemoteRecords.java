package org.opendvx.core.pool.remote;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.Lease;
import org.opendvx.core.pool.LeaseStore;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.wire.Frame;
import org.opendvx.core.pool.wire.Op;
import org.opendvx.core.pool.wire.WireErrors;
import org.opendvx.core.pool.wire.WireIn;
import org.opendvx.core.pool.wire.WireOut;

/**
 * Records and leases on a data node. A change bears a random tag, by which the data node knows one
 * that it has carried out already. Thread-safe.
 */
final class RemoteRecords implements RecordStore, LeaseStore {
  private static final int MAX_KEY = 256;

  private final Lane lane;
  private final SecureRandom random = new SecureRandom();

  RemoteRecords(Lane lane) {
    this.lane = lane;
  }

  @Override
  public Optional<VersionedRecord> get(String key) {
    WireIn in = ask(Op.RECORD_GET, new WireOut().text(key));
    long version = in.i64();
    return version == 0
        ? Optional.empty()
        : Optional.of(new VersionedRecord(version, in.copy(in.left())));
  }

  @Override
  public long put(Epoch epoch, String key, long expectedVersion, byte[] value) {
    if (value.length > MAX_VALUE) {
      throw DvxException.of(Kind.INVALID, "The record is too large")
          .detail("key", key)
          .detail("bytes", value.length)
          .build();
    }
    WireOut body =
        epoch(epoch)
            .text(key)
            .i64(expectedVersion)
            .i64(random.nextLong() | 1)
            .copy(value, 0, value.length);
    return ask(Op.RECORD_PUT, body).i64();
  }

  @Override
  public List<String> keys(String prefix) {
    WireIn in = ask(Op.RECORD_KEYS, new WireOut().text(prefix));
    List<String> keys = new ArrayList<>();
    while (in.left() > 0) {
      keys.add(in.text(MAX_KEY));
    }
    return keys;
  }

  @Override
  public Lease take(Epoch epoch, String name, String holder, Duration time) {
    return lease(ask(Op.LEASE_TAKE, epoch(epoch).text(name).text(holder).i64(time.toMillis())));
  }

  @Override
  public void release(Epoch epoch, String name, String holder) {
    ask(Op.LEASE_RELEASE, epoch(epoch).text(name).text(holder));
  }

  @Override
  public Optional<Lease> look(String name) {
    WireIn in = ask(Op.LEASE_LOOK, new WireOut().text(name));
    return in.left() == 0 ? Optional.empty() : Optional.of(lease(in));
  }

  private static Lease lease(WireIn in) {
    return new Lease(in.text(MAX_KEY), in.text(MAX_KEY), in.i64(), Duration.ofMillis(in.i64()));
  }

  private static WireOut epoch(Epoch epoch) {
    return new WireOut().text(epoch.host()).i64(epoch.number());
  }

  private WireIn ask(Op op, WireOut body) {
    Frame reply = lane.call(op, 0, _ -> body);
    if (reply.status() != WireErrors.OK) {
      throw WireErrors.decode(reply.status(), reply.in());
    }
    return reply.in();
  }
}
