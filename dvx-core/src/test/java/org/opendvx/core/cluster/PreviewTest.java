package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.opendvx.core.cluster.Cluster.block;
import static org.opendvx.core.cluster.Cluster.file;
import static org.opendvx.core.cluster.Cluster.outcome;
import static org.opendvx.core.cluster.Cluster.read;
import static org.opendvx.core.cluster.Cluster.write;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.PoolFaults;

/** What a host does for a file that it is about to take, while the giver still serves it. */
@Timeout(120)
final class PreviewTest {
  private static final String A = "host-a";
  private static final String B = "host-b";
  private static final int BLOCK = 4096;

  /** So many that the map has leaves beside its root. */
  private static final int BLOCKS = 600;

  private final InMemoryPool pool = new InMemoryPool();
  private Cluster cluster;
  private String giver;
  private String heir;
  private FileKey file;

  @BeforeEach
  void aFileAtOneOfTwoHosts() throws InterruptedException {
    cluster = new Cluster(5, Cluster.SETTINGS, pool);
    cluster.start(A);
    cluster.start(B);
    cluster.awaitServing(A, B);
    giver = cluster.serverOf(ClusterHost.NAMESPACE);
    heir = giver.equals(A) ? B : A;
    file = file(cluster.at(giver), FileKey.ROOT, "disk");
    for (int i = 0; i < BLOCKS; i++) {
      write(cluster.at(giver), file, (long) i * BLOCK, block(i));
    }
  }

  @AfterEach
  void end() {
    cluster.close();
  }

  private CompletableFuture<Void> move() {
    return CompletableFuture.runAsync(
        () -> cluster.host(heir).moveHere(List.of(file)), Tasks.EXECUTOR);
  }

  private String owner() {
    return cluster.host(giver).where(List.of(file)).getFirst().host();
  }

  @Test
  void theFileGoesOnAndIsCutWhileItIsPreviewed() throws Exception {
    CountDownLatch previewed = new CountDownLatch(1);
    CompletableFuture<Boolean> mayGoOn = new CompletableFuture<>();
    cluster.network.keeper(
        (_, _, request, delivery, answer) -> {
          if (!(request instanceof PeerCall.Preview)) {
            return false;
          }
          var _ =
              delivery
                  .get()
                  .thenAccept(
                      reply -> {
                        previewed.countDown();
                        var _ = mayGoOn.thenRun(() -> answer.complete(reply));
                      });
          return true;
        });
    CompletableFuture<Void> moved = move();
    assertTrue(previewed.await(60, TimeUnit.SECONDS), "no preview was asked for");

    write(cluster.at(giver), file, 7 * BLOCK, block(1007));
    write(cluster.at(heir), file, 8 * BLOCK, block(1008));
    var cut =
        outcome(
            cluster
                .at(giver)
                .snapshots()
                .cut(new CutRequest("cut", List.of(file), Map.of(), new byte[0])));
    assertEquals(giver, owner());
    assertFalse(moved.isDone());
    boolean _ = mayGoOn.complete(true);
    Object _ = moved.thenApply(_ -> true).get(60, TimeUnit.SECONDS);

    assertEquals(heir, owner());
    assertArrayEquals(block(1007), read(cluster.at(heir), file, 7 * BLOCK, BLOCK));
    assertArrayEquals(block(1008), read(cluster.at(giver), file, 8 * BLOCK, BLOCK));
    FileKey frozen = new FileKey(cut.snapshot().id(), file.file());
    assertArrayEquals(block(1007), read(cluster.at(heir), frozen, 7 * BLOCK, BLOCK));
  }

  @Test
  void afterThatNoWriteWaitsForTheMapToBeRead() throws Exception {
    AtomicInteger reads = new AtomicInteger();
    cluster.network.keeper(
        (_, _, request, _, _) -> {
          if (request instanceof PeerCall.Stop) {
            reads.set(0);
          }
          return false;
        });
    pool.faults(
        (operation, _, _) -> {
          if (operation == PoolFaults.Operation.CONTAINER_READ) {
            reads.incrementAndGet();
          }
          return PoolFaults.Verdict.PROCEED;
        });
    Object _ = move().thenApply(_ -> true).get(60, TimeUnit.SECONDS);
    for (int i = 0; i < BLOCKS; i++) {
      write(cluster.at(heir), file, (long) i * BLOCK, block(2000 + i));
    }
    assertEquals(0, reads.get(), "a node was read from the pool");
    assertArrayEquals(block(2003), read(cluster.at(giver), file, 3 * BLOCK, BLOCK));
  }

  @Test
  void aFileMovesThoughItCannotBePreviewed() throws Exception {
    AtomicInteger lost = new AtomicInteger();
    cluster.network.keeper(
        (_, _, request, _, _) -> request instanceof PeerCall.Preview && lost.incrementAndGet() > 0);
    Object _ = move().thenApply(_ -> true).get(60, TimeUnit.SECONDS);
    assertEquals(1, lost.get());
    assertEquals(heir, owner());
    assertArrayEquals(block(5), read(cluster.at(heir), file, 5 * BLOCK, BLOCK));
  }
}
