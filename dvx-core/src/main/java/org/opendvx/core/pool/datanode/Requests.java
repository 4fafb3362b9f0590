package org.opendvx.core.pool.datanode;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.Lease;
import org.opendvx.core.pool.LeaseStore;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.local.CodedContainer;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.wire.BadFrameException;
import org.opendvx.core.pool.wire.Frame;
import org.opendvx.core.pool.wire.StatusCodec;
import org.opendvx.core.pool.wire.WireIn;
import org.opendvx.core.pool.wire.WireOut;

/** Carries out the requests of joined hosts, on threads that may block. Thread-safe. */
final class Requests {
  private static final int MAX_NAME = 256;
  private static final int LIST_PAGE = 4096;

  /** Set in JOURNAL_OPEN: the session held it before. In JOURNAL_REPLAY: only its end is asked. */
  private static final int RESUME = 1;

  private final LocalPool pool;
  private final JournalHolds journals;
  private final LeaseStore leases;
  private final UUID boot = UUID.randomUUID();

  Requests(LocalPool pool, JournalHolds journals, LeaseStore leases) {
    this.pool = pool;
    this.journals = journals;
    this.leases = leases;
  }

  /** Thrown where the session does not hold the journal that it wants to change. */
  static final class NotHeldException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** What every host is told at first. */
  WireOut greeting() {
    return shape(new WireOut().uuid(pool.id()).uuid(boot));
  }

  /** Carries out a request; parts of the reply may be sent before. */
  WireOut handle(HostConnection from, Session session, Frame request) throws InterruptedException {
    WireIn in = request.in();
    return switch (request.op()) {
      case PING -> new WireOut();
      case STATUS -> status();
      case FENCE -> new WireOut().i64(pool.fence(in.text(MAX_NAME), in.i64()));
      case CONTAINER_PUT -> put(in);
      case CONTAINER_READ -> read(in);
      case CONTAINER_LENGTH -> new WireOut().i32(pool.containers().length(in.i64()).orElse(-1));
      case CONTAINER_DELETE -> {
        pool.containers().delete(epoch(in), in.i64());
        yield new WireOut();
      }
      case CONTAINER_LIST -> list(from, request);
      case JOURNAL_OPEN -> open(session, request, in);
      case JOURNAL_REPLAY -> replay(from, session, request, in);
      case JOURNAL_APPEND -> append(session, in);
      case JOURNAL_TRIM -> trim(session, in);
      case JOURNAL_CLOSE -> {
        journals.close(session, in.text(MAX_NAME), in.i64());
        yield new WireOut();
      }
      case RECORD_GET -> get(in.text(MAX_NAME));
      case RECORD_PUT -> putRecord(in);
      case RECORD_KEYS -> keys(in.text(MAX_NAME));
      case LEASE_TAKE -> {
        Epoch epoch = epoch(in);
        yield lease(
            leases.take(epoch, in.text(MAX_NAME), in.text(MAX_NAME), Duration.ofMillis(in.i64())));
      }
      case LEASE_RELEASE -> {
        leases.release(epoch(in), in.text(MAX_NAME), in.text(MAX_NAME));
        yield new WireOut();
      }
      case LEASE_LOOK ->
          leases.look(in.text(MAX_NAME)).map(Requests::lease).orElseGet(WireOut::new);
      case HELLO, JOIN, HOST_REMOVE, REBUILD, CHECKPOINT_WANTED ->
          throw new BadFrameException("no request at this point: " + request.op());
    };
  }

  private WireOut status() {
    WireOut out = shape(new WireOut());
    StatusCodec.write(out, pool.status());
    return out;
  }

  private WireOut shape(WireOut out) {
    return out.u8(pool.dataShards()).u8(pool.parityShards());
  }

  private WireOut put(WireIn in) {
    Epoch epoch = epoch(in);
    long id = in.i64();
    int length = in.i32();
    int dataShards = in.u8();
    int parityShards = in.u8();
    if (length < 1 || length > ContainerStore.MAX_LENGTH || dataShards < 1 || parityShards > 2) {
      throw new BadFrameException("a container of " + length + " bytes");
    }
    int shardLength = CodedContainer.shardLength(length, dataShards);
    int contentAt = in.skip(length);
    int pAt = parityShards > 0 ? in.skip(shardLength) : 0;
    int qAt = parityShards > 1 ? in.skip(shardLength) : 0;
    pool.put(
        epoch,
        id,
        new CodedContainer(in.array(), contentAt, length, dataShards, parityShards, pAt, qAt));
    return shape(new WireOut());
  }

  private WireOut read(WireIn in) {
    long id = in.i64();
    int offset = in.i32();
    int length = in.i32();
    if (length < 0 || length > ContainerStore.MAX_LENGTH) {
      throw new BadFrameException("a read of " + length + " bytes");
    }
    byte[] bytes = new byte[length];
    pool.containers().read(id, offset, length, bytes, 0);
    return new WireOut().large(bytes, 0, length);
  }

  /** Ids, ascending, with lengths, in parts. */
  private WireOut list(HostConnection to, Frame request) {
    WireOut[] page = {new WireOut()};
    int[] count = {0};
    pool.containers()
        .forEach(
            id -> {
              OptionalInt length = pool.containers().length(id);
              if (length.isPresent()) {
                page[0].i64(id).i32(length.getAsInt());
                if (++count[0] == LIST_PAGE) {
                  to.part(request, page[0], () -> false);
                  page[0] = new WireOut();
                  count[0] = 0;
                }
              }
            });
    return page[0];
  }

  private WireOut open(Session session, Frame request, WireIn in) throws InterruptedException {
    String host = in.text(MAX_NAME);
    long epoch = in.i64();
    long limit = TimeUnit.MILLISECONDS.toNanos(Math.max(0, request.limitMillis()));
    boolean resumed = (request.status() & RESUME) != 0;
    JournalHolds.Hold hold = journals.open(session, host, epoch, resumed, limit);
    return new WireOut().i64(hold.capacityBytes()).i64(hold.usedBytes());
  }

  private WireOut replay(HostConnection to, Session session, Frame request, WireIn in) {
    String host = in.text(MAX_NAME);
    long from = in.i64();
    JournalHolds.Hold hold = hold(session, host);
    long last;
    if ((request.status() & RESUME) != 0) {
      last = hold.end(host, from);
    } else {
      last =
          hold.replay(
              host,
              from,
              (first, lastOfBatch, batch) -> {
                byte[] bytes = new byte[batch.remaining()];
                batch.get(bytes);
                to.part(
                    request,
                    new WireOut().i64(first).i64(lastOfBatch).large(bytes, 0, bytes.length),
                    hold::closed);
              });
    }
    return new WireOut().i64(last).i64(hold.usedBytes());
  }

  private WireOut append(Session session, WireIn in) {
    Epoch epoch = epoch(in);
    long first = in.i64();
    long last = in.i64();
    JournalHolds.Hold hold = hold(session, in.text(MAX_NAME));
    int length = in.left();
    if (length > JournalStore.MAX_BATCH) {
      throw new BadFrameException("a batch of " + length + " bytes");
    }
    hold.append(epoch, first, last, ByteBuffer.wrap(in.array(), in.skip(length), length));
    return new WireOut().i64(hold.usedBytes());
  }

  private WireOut trim(Session session, WireIn in) {
    Epoch epoch = epoch(in);
    long sequence = in.i64();
    JournalHolds.Hold hold = hold(session, in.text(MAX_NAME));
    hold.trim(epoch, sequence);
    return new WireOut().i64(hold.usedBytes());
  }

  private JournalHolds.Hold hold(Session session, String host) {
    JournalHolds.@Nullable Hold hold = journals.of(session, host);
    if (hold == null) {
      throw new NotHeldException();
    }
    return hold;
  }

  private WireOut get(String key) {
    Optional<RecordStore.VersionedRecord> record = pool.records().get(key);
    if (record.isEmpty()) {
      return new WireOut().i64(0);
    }
    byte[] value = record.get().value();
    return new WireOut().i64(record.get().version()).large(value, 0, value.length);
  }

  private WireOut putRecord(WireIn in) {
    Epoch epoch = epoch(in);
    String key = in.text(MAX_NAME);
    long expected = in.i64();
    long tag = in.i64();
    byte[] value = in.copy(in.left());
    if (key.startsWith("lease/")) {
      throw DvxException.of(Kind.DENIED, "Leases are changed as leases alone").build();
    }
    return new WireOut().i64(pool.putOnce(epoch, key, expected, value, tag));
  }

  private WireOut keys(String prefix) {
    WireOut out = new WireOut();
    pool.records().keys(prefix).forEach(out::text);
    return out;
  }

  private static WireOut lease(Lease lease) {
    return new WireOut()
        .text(lease.name())
        .text(lease.holder())
        .i64(lease.token())
        .i64(lease.left().toMillis());
  }

  private static Epoch epoch(WireIn in) {
    return new Epoch(in.text(MAX_NAME), in.i64());
  }
}
