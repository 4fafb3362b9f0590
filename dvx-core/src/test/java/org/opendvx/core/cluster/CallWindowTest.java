package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.FileKey;

/** What is under way between two hosts is bounded. */
final class CallWindowTest {
  private static final String A = "host-a";
  private static final String B = "host-b";

  @Test
  void soManyOperationsAndBytesOfEachPeer() {
    CallWindow window = new CallWindow();
    for (int i = 0; i < CallWindow.MOST; i++) {
      assertTrue(window.enter(A, 1));
    }
    assertFalse(window.enter(A, 1));
    assertTrue(window.enter(B, CallWindow.MOST_BYTES + 1), "one is always let in");
    assertFalse(window.enter(B, 1));
    window.leave(A, 1);
    assertTrue(window.enter(A, 1));
    assertFalse(window.enter(A, 1));
    window.leave(B, CallWindow.MOST_BYTES + 1);
    assertTrue(window.enter(B, CallWindow.MOST_BYTES - 1));
    assertFalse(window.enter(B, 2));
    assertTrue(window.enter(B, 1));
  }

  @Test
  void whatIsTooMuchForAPeerWaitsAtThisHost() throws Exception {
    try (Cluster cluster = new Cluster(41, withCall(Duration.ofSeconds(20)))) {
      cluster.start(A);
      cluster.start(B);
      cluster.awaitServing(A, B);
      FileKey file = Cluster.file(cluster.at(A), FileKey.ROOT, "disk");
      cluster.host(A).moveHere(List.of(file));
      Queue<Runnable> kept = new ConcurrentLinkedQueue<>();
      cluster.network.keeper(
          (_, _, request, delivery, answer) ->
              request instanceof PeerCall.Change
                  && kept.add(
                      () -> {
                        var _ = delivery.get().thenAccept(answer::complete);
                      }));
      List<CompletableFuture<?>> writes = new ArrayList<>();
      int count = CallWindow.MOST + 40;
      for (int i = 0; i < count; i++) {
        writes.add(
            cluster
                .at(B)
                .write(Caller.SYSTEM, file, i * 4096L, ByteBuffer.wrap(Cluster.block(i)), true));
      }
      assertTrue(ClusterHost.await(() -> kept.size() == CallWindow.MOST, Cluster.LIMIT));
      Thread.sleep(300);
      assertEquals(CallWindow.MOST, kept.size());
      cluster.network.keeper(null);
      kept.forEach(Runnable::run);
      for (CompletableFuture<?> write : writes) {
        Object _ = Cluster.outcome(write);
      }
      assertEquals(count * 4096L, Cluster.outcome(cluster.at(B).attributes(file)).size());
    }
  }

  private static ClusterSettings withCall(Duration call) {
    ClusterSettings s = Cluster.SETTINGS;
    return new ClusterSettings(
        s.lease(),
        s.renewal(),
        s.margin(),
        s.tick(),
        call,
        s.route(),
        s.hold(),
        s.settle(),
        s.stopped(),
        s.residence(),
        s.forwards(),
        s.ownCreated(),
        s.confirmMachines());
  }
}
