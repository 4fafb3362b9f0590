package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.opendvx.core.cluster.Cluster.block;
import static org.opendvx.core.cluster.Cluster.file;
import static org.opendvx.core.cluster.Cluster.outcome;
import static org.opendvx.core.cluster.Cluster.patiently;
import static org.opendvx.core.cluster.Cluster.read;
import static org.opendvx.core.cluster.Cluster.write;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots.Cut;
import org.opendvx.core.datastore.Snapshots.CutRequest;

/** A cut over two owners of whom one freezes later than the other. */
final class CutOrderTest {
  private static final String A = "host-a";
  private static final String B = "host-b";

  private Cluster cluster;

  /** The host of the namespace, which takes the cuts, and the other one. */
  private String taker;

  private String other;
  private FileKey own;
  private FileKey foreign;

  @BeforeEach
  void twoOwners() throws InterruptedException {
    cluster = new Cluster(31, withLease(Duration.ofSeconds(3)));
    cluster.start(A);
    cluster.start(B);
    cluster.awaitServing(A, B);
    taker = cluster.serverOf(ClusterHost.NAMESPACE);
    other = taker.equals(A) ? B : A;
    own = file(cluster.at(taker), FileKey.ROOT, "own");
    foreign = file(cluster.at(taker), FileKey.ROOT, "foreign");
    write(cluster.at(taker), own, 0, block(1));
    write(cluster.at(taker), foreign, 0, block(2));
    cluster.host(other).moveHere(List.of(foreign));
  }

  @AfterEach
  void end() {
    cluster.close();
  }

  private static ClusterSettings withLease(Duration lease) {
    ClusterSettings s = Cluster.SETTINGS;
    return new ClusterSettings(
        lease,
        s.renewal(),
        s.margin(),
        s.tick(),
        s.call(),
        s.route(),
        s.hold(),
        s.settle(),
        s.stopped(),
        s.residence(),
        s.forwards(),
        s.ownCreated(),
        s.confirmMachines());
  }

  private CompletableFuture<Cut> cut() {
    return cluster
        .at(taker)
        .snapshots()
        .cut(new CutRequest("cut", List.of(own, foreign), Map.of(), new byte[0]));
  }

  private boolean holds(Cut cut, FileKey file, byte[] content) {
    FileKey frozen = new FileKey(cut.snapshot().id(), file.file());
    return Arrays.equals(content, read(cluster.at(taker), frozen, 0, 4096));
  }

  /** Keeps the first request to freeze back until a test lets it go. */
  private CountDownLatch keepFirstFreeze(CompletableFuture<Boolean> kept) {
    CountDownLatch go = new CountDownLatch(1);
    cluster.network.keeper(
        (_, _, request, delivery, answer) -> {
          if (!(request instanceof PeerCall.Freeze) || !kept.complete(true)) {
            return false;
          }
          Tasks.EXECUTOR.execute(
              () -> {
                try {
                  boolean _ = go.await(1, TimeUnit.MINUTES);
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
                var _ = delivery.get().thenAccept(answer::complete);
              });
          return true;
        });
    return go;
  }

  @Test
  void noCutHoldsAWriteWithoutTheReplacedContentThatItDependsOn() throws Exception {
    FileKey source = file(cluster.at(taker), FileKey.ROOT, "source");
    write(cluster.at(taker), source, 0, block(3));
    CompletableFuture<Boolean> kept = new CompletableFuture<>();
    CountDownLatch go = keepFirstFreeze(kept);
    CompletableFuture<Cut> cut = cut();
    boolean _ = kept.get(1, TimeUnit.MINUTES);
    // The file here is frozen a moment later; the other one is not before the request arrives.
    Thread.sleep(100);
    CompletableFuture<Void> replaced =
        cluster.at(taker).snapshots().replaceContent(Caller.SYSTEM, own, source);
    try {
      Object _ = replaced.thenApply(_ -> true).get(200, TimeUnit.MILLISECONDS);
      write(cluster.at(other), foreign, 0, block(4));
    } catch (TimeoutException _) {
      // It is withheld, as it should be.
      assertFalse(replaced.isDone());
    }
    go.countDown();
    Cut taken = outcome(cut);
    Object _ = outcome(replaced.thenApply(_ -> true));
    assertTrue(
        holds(taken, own, block(3)) || !holds(taken, foreign, block(4)),
        "the cut holds the later write only");
  }

  @Test
  void ownersThatFrozeFarApartDoNotMakeACut() throws Exception {
    AtomicInteger freezes = new AtomicInteger();
    cluster.network.keeper(
        (_, _, request, delivery, answer) -> {
          if (!(request instanceof PeerCall.Freeze) || freezes.incrementAndGet() > 1) {
            return false;
          }
          // As if the host that takes the cut had been stopped while the owners froze.
          long _ = cluster.ahead(taker).addAndGet(TimeUnit.SECONDS.toNanos(1));
          return answer.complete(delivery.get().orTimeout(1, TimeUnit.MINUTES).join());
        });
    Cut taken = patiently(this::cut);
    assertTrue(freezes.get() > 1, "the first attempt must not count");
    assertTrue(holds(taken, own, block(1)) && holds(taken, foreign, block(2)));
  }
}
