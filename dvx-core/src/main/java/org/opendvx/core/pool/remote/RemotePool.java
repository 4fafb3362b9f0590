package org.opendvx.core.pool.remote;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.ssl.SslContext;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.LeaseStore;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.wire.Frame;
import org.opendvx.core.pool.wire.NodeTls;
import org.opendvx.core.pool.wire.Op;
import org.opendvx.core.pool.wire.StatusCodec;
import org.opendvx.core.pool.wire.WireErrors;
import org.opendvx.core.pool.wire.WireIn;
import org.opendvx.core.pool.wire.WireOut;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The pool of a data node. */
public final class RemotePool implements Pool {
  private static final Logger LOG = LoggerFactory.getLogger(RemotePool.class);
  private static final int THREADS = 3;
  private static final long CLOSE_SECONDS = 5;

  /** A status that is younger than this is that of now. */
  private static final long FRESH_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final RemoteSettings settings;
  private final UUID session = UUID.randomUUID();
  private final EventLoopGroup loops = loops(THREADS);
  private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
  private final ScheduledExecutorService caretaker =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("dvx-pool-link").factory());
  private final Lane control;
  private final Lane reads;
  private final Lane writes;
  private final RemoteContainers containers;
  private final RemoteRecords records;
  private final Map<String, RemoteJournal> journals = new ConcurrentHashMap<>();
  private final Map<String, Long> fenced = new ConcurrentHashMap<>();
  private final List<Runnable> checkpointWanted = new CopyOnWriteArrayList<>();
  private volatile @Nullable UUID id;
  private volatile @Nullable UUID boot;
  private volatile @Nullable PoolStatus last;
  private volatile long askedAt;

  private RemotePool(RemoteSettings settings, NodeTls.Identity identity) {
    this.settings = settings;
    SslContext tls = NodeTls.client(identity, settings.fingerprint());
    this.control = lane(tls);
    this.reads = lane(tls);
    this.writes = lane(tls);
    this.containers = new RemoteContainers(writes, reads);
    this.records = new RemoteRecords(control);
  }

  private Lane lane(SslContext tls) {
    return new Lane(
        settings,
        tls,
        loops,
        session,
        () -> new Link(workers, () -> checkpointWanted.forEach(Runnable::run)),
        this::greeted);
  }

  static EventLoopGroup loops(int threads) {
    return new MultiThreadIoEventLoopGroup(
        threads,
        Thread.ofPlatform().daemon().name("dvx-pool-net-", 0).factory(),
        NioIoHandler.newFactory());
  }

  /**
   * Connects to a data node.
   *
   * @param identity of this host, which has joined
   * @throws DvxException UNAVAILABLE when it cannot be reached, UNAUTHENTICATED when it does not
   *     know this host
   */
  public static RemotePool open(RemoteSettings settings, NodeTls.Identity identity) {
    RemotePool pool = new RemotePool(settings, identity);
    boolean done = false;
    try {
      pool.askStatus();
      pool.containers.load();
      long ping = settings.ping().toMillis();
      var _ = pool.caretaker.scheduleWithFixedDelay(pool::care, ping, ping, TimeUnit.MILLISECONDS);
      done = true;
      return pool;
    } finally {
      if (!done) {
        pool.close();
      }
    }
  }

  private synchronized void greeted(WireIn in) {
    UUID pool = in.uuid();
    UUID start = in.uuid();
    UUID known = id;
    if (known != null && !known.equals(pool)) {
      throw DvxException.of(Kind.CONFLICT, "The data node has another pool than before")
          .cause("It serves " + pool + ", and this host uses " + known)
          .remedy("Check the drives of the data node")
          .build();
    }
    id = pool;
    if (boot != null && !start.equals(boot)) {
      LOG.info("The data node was started anew");
    }
    boot = start;
    containers.learnShape(in);
  }

  private void care() {
    try {
      for (Lane lane : List.of(control, reads, writes)) {
        Link link = lane.current();
        if (link != null && link.silentFor(settings.silence().toNanos())) {
          LOG.warn("The data node is silent; the connection is made anew");
          link.close();
        } else if (link != null) {
          var _ = link.ask(Op.PING, 0, settings.silence().toMillis(), new WireOut(), null);
        }
      }
      // Also keeps the session alive: what it holds would be let go.
      askStatus();
    } catch (DvxException e) {
      LOG.debug("The data node is not there", e);
    } catch (RuntimeException e) {
      LOG.error("Looking after the connections failed", e);
    }
  }

  private void askStatus() {
    askedAt = System.nanoTime();
    Frame reply = control.call(Op.STATUS, 0, _ -> new WireOut());
    if (reply.status() != WireErrors.OK) {
      throw WireErrors.decode(reply.status(), reply.in());
    }
    WireIn in = reply.in();
    containers.learnShape(in);
    PoolStatus status = StatusCodec.read(in);
    containers.learnCount(status.containers());
    last = status;
  }

  @Override
  public UUID id() {
    UUID known = id;
    if (known == null) {
      throw new IllegalStateException("never connected");
    }
    return known;
  }

  @Override
  public ContainerStore containers() {
    return containers;
  }

  @Override
  public JournalStore journal(String host) {
    RemoteJournal journal =
        new RemoteJournal(
            control, host, fenced.getOrDefault(host, 0L), () -> journals.remove(host));
    journals.put(host, journal);
    return journal;
  }

  @Override
  public RecordStore records() {
    return records;
  }

  /** Leases that the data node keeps. */
  public LeaseStore leases() {
    return records;
  }

  @Override
  public void renewStatus() {
    if (System.nanoTime() - askedAt < FRESH_NANOS) {
      return;
    }
    try {
      askStatus();
    } catch (DvxException e) {
      LOG.debug("The data node does not tell its status", e);
    }
  }

  /** What the data node said last; FAILED while it is not there. */
  @Override
  public PoolStatus status() {
    PoolStatus known = last;
    if (known == null) {
      throw new IllegalStateException("never connected");
    }
    if (control.current() != null) {
      return known;
    }
    return new PoolStatus(
        PoolStatus.Health.FAILED,
        "The data node "
            + settings.address()
            + ":"
            + settings.port()
            + " is not there: "
            + control.lastTrouble(),
        0,
        known.generation(),
        known.drives(),
        known.capacity(),
        known.containers(),
        known.degradedContainers());
  }

  @Override
  public void onCheckpointWanted(Runnable callback) {
    checkpointWanted.add(callback);
  }

  @Override
  public long fence(String host, long epoch) {
    Frame reply = control.call(Op.FENCE, 0, _ -> new WireOut().text(host).i64(epoch));
    if (reply.status() != WireErrors.OK) {
      throw WireErrors.decode(reply.status(), reply.in());
    }
    long inForce = reply.in().i64();
    if (inForce == epoch) {
      fenced.put(host, epoch);
    }
    return inForce;
  }

  /**
   * Shuts a host out of the data node: its certificate counts no more, its connections end.
   *
   * @return false when the data node did not know it
   */
  public boolean removeHost(String host) {
    Frame reply = control.call(Op.HOST_REMOVE, 0, _ -> new WireOut().text(host));
    if (reply.status() != WireErrors.OK) {
      throw WireErrors.decode(reply.status(), reply.in());
    }
    return reply.in().u8() == 1;
  }

  /** Ends the connections as a broken network does; they are made again. For tests. */
  public void dropConnections() {
    for (Lane lane : List.of(control, reads, writes)) {
      Link link = lane.current();
      if (link != null) {
        link.close();
      }
    }
  }

  @Override
  public void close() {
    List.copyOf(journals.values()).forEach(RemoteJournal::close);
    caretaker.shutdownNow();
    control.close();
    reads.close();
    writes.close();
    workers.shutdown();
    loops
        .shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
        .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
  }
}
