package org.opendvx.server.testing;

import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.clean.RoundReport;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.server.api.ExportView;
import org.opendvx.server.node.Parts;
import org.opendvx.server.node.Store;
import org.opendvx.server.service.NfsFront;

/** Stand-ins for all parts of a node. */
public final class FakeParts {
  private final FakeSnapshots snapshots = new FakeSnapshots();
  private final FakeProtection protection = new FakeProtection(snapshots);
  private final FakeHypervisor.Connector connector = new FakeHypervisor.Connector();
  private final AtomicBoolean storeClosed = new AtomicBoolean();
  private volatile PoolStatus.Health health = PoolStatus.Health.HEALTHY;

  /** The parts for a node. */
  public Parts parts() {
    return new Parts(
        (_, _) -> new FakeStore(pool(), datastore(), storeClosed),
        (_, _, _) -> new FakeNfs(),
        (_, _, _) -> protection,
        _ -> List.of(connector));
  }

  /** The snapshots of the datastore. */
  public FakeSnapshots snapshots() {
    return snapshots;
  }

  /** The service for machines. */
  public FakeProtection protection() {
    return protection;
  }

  /** Makes the hypervisors. */
  public FakeHypervisor.Connector connector() {
    return connector;
  }

  /** Whether the store was closed. */
  public boolean storeClosed() {
    return storeClosed.get();
  }

  /** Sets the pool's health. */
  public void health(PoolStatus.Health value) {
    health = value;
  }

  private record FakeStore(Pool pool, Datastore datastore, AtomicBoolean closed) implements Store {
    @Override
    public byte[] handleKey() {
      return new byte[16];
    }

    @Override
    public Optional<CleanerStatus> cleaning() {
      return Optional.of(
          new CleanerStatus(
              CleanerStatus.State.FAILING,
              "a node of a tree is damaged",
              Instant.EPOCH,
              7,
              1,
              5,
              40 << 20,
              1000,
              10 << 20,
              3 << 20,
              9 << 20,
              2,
              1,
              4,
              1234,
              0.5,
              3,
              List.of(new CleanerStatus.Stuck(77, "a shard is bad", Instant.EPOCH))));
    }

    @Override
    public void clean(Consumer<RoundReport> told) {
      told.accept(new RoundReport(2, 16 << 20, 10, 4 << 20, 100, true, 1, 1 << 20));
      told.accept(new RoundReport(0, 0, 0, 0, 100, true, 0, 512 << 10));
    }

    @Override
    public void close() {
      closed.set(true);
    }
  }

  private Pool pool() {
    Pool pool = mock(Pool.class);
    when(pool.status()).thenAnswer(_ -> status());
    return pool;
  }

  private PoolStatus status() {
    List<PoolStatus.Drive> drives =
        IntStream.range(0, 6)
            .mapToObj(
                i ->
                    new PoolStatus.Drive(
                        i,
                        "d" + i,
                        "/drive" + i,
                        i == 5 ? PoolStatus.DriveState.EVICTED : PoolStatus.DriveState.ACTIVE,
                        i == 5 ? "the folder is gone" : "",
                        1L << 30,
                        1L << 20,
                        12))
            .toList();
    return new PoolStatus(
        health,
        "one of six drives is out",
        1,
        3,
        drives,
        new PoolStatus.Capacity(6L << 30, 4L << 30, 3L << 30, 1 << 20),
        42,
        2);
  }

  private Datastore datastore() {
    Attributes file = new Attributes(7, FileType.REGULAR, 0644, 1, 0, 0, 4096, 4096, 0, 0, 0, 0);
    Datastore datastore = mock(Datastore.class);
    when(datastore.snapshots()).thenReturn(snapshots);
    when(datastore.space())
        .thenReturn(new Datastore.SpaceReport(4L << 30, 3L << 30, 3000, 2000, 1000, 5));
    when(datastore.lookup(any(), any(), any()))
        .thenAnswer(
            call ->
                new String(call.<byte[]>getArgument(2), StandardCharsets.UTF_8).equals("file")
                    ? CompletableFuture.completedFuture(
                        new Datastore.Found(FileKey.live(7), file, file))
                    : CompletableFuture.failedFuture(
                        new FileException(FileError.NOT_FOUND, "no such name")));
    when(datastore.list(any(), any(), anyLong(), anyInt()))
        .thenReturn(
            CompletableFuture.completedFuture(new Datastore.Listing(List.of(), true, file)));
    return datastore;
  }

  private static final class FakeNfs implements NfsFront {
    @Override
    public String address() {
      return "127.0.0.1";
    }

    @Override
    public int port() {
      return 12049;
    }

    @Override
    public int mountPort() {
      return 12048;
    }

    @Override
    public String portmapper() {
      return "";
    }

    @Override
    public List<ExportView> exports() {
      return List.of(new ExportView("/dvx", List.of("127.0.0.0/8"), ""));
    }

    @Override
    public String refusal(String export, String hostAddress) {
      return hostAddress.startsWith("127.") ? "" : hostAddress + " is not among the clients";
    }

    @Override
    public List<String> warnings() {
      return List.of("port 111 is taken");
    }

    @Override
    public void close() {}
  }
}
