package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.PoolRing;
import org.opendvx.core.testing.InMemoryPool;

/** Calls between hosts over TCP with mutual TLS. */
final class NettyPeersTest {
  private static final String A = "host-a";
  private static final String B = "host-b";
  private static final String STRANGER = "stranger";
  private static final Duration LIMIT = Duration.ofSeconds(20);
  @TempDir private static Path folder;
  private static TestIdentities identities;

  @BeforeAll
  static void makeIdentities() throws Exception {
    identities = new TestIdentities(folder, List.of(A, B, STRANGER));
  }

  private static NettyPeers peers(String name, List<String> believed) {
    return new NettyPeers(
        identities.of(name, believed),
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        "127.0.0.1");
  }

  private static byte[] outcome(CompletableFuture<byte[]> call) throws Exception {
    return call.get(30, TimeUnit.SECONDS);
  }

  @Test
  void aCallIsAnsweredAndItsSenderIsKnown() throws Exception {
    try (NettyPeers a = peers(A, List.of(A, B));
        NettyPeers b = peers(B, List.of(A, B))) {
      b.serve(
          (from, request) ->
              CompletableFuture.completedFuture(Cluster.bytes(from + " sent " + request.length)));
      for (int length : new int[] {0, 1, 100_000, 2 << 20}) {
        byte[] answer = outcome(a.call(B, b.endpoint(), new byte[length], LIMIT));
        assertArrayEquals(Cluster.bytes(A + " sent " + length), answer);
      }
    }
  }

  @Test
  void aStrangerIsNotHeardAndNotBelieved() throws Exception {
    try (NettyPeers a = peers(A, List.of(A, B));
        NettyPeers stranger = peers(STRANGER, List.of(A, B, STRANGER))) {
      CompletableFuture<byte[]> heard = new CompletableFuture<>();
      a.serve(
          (_, request) -> {
            heard.complete(request);
            return CompletableFuture.completedFuture(request);
          });
      stranger.serve((_, request) -> CompletableFuture.completedFuture(request));
      assertThrows(
          ExecutionException.class,
          () -> outcome(stranger.call(A, a.endpoint(), new byte[1], LIMIT)));
      ExecutionException refused =
          assertThrows(
              ExecutionException.class,
              () -> outcome(a.call(STRANGER, stranger.endpoint(), new byte[1], LIMIT)));
      assertInstanceOf(PeerNetwork.NotSent.class, refused.getCause());
      assertTrue(!heard.isDone(), "the stranger was heard");
    }
  }

  @Test
  void aPeerUnderAnotherNameIsNotCalled() throws Exception {
    try (NettyPeers a = peers(A, List.of(A, B));
        NettyPeers b = peers(B, List.of(A, B))) {
      b.serve((_, request) -> CompletableFuture.completedFuture(request));
      ExecutionException refused =
          assertThrows(
              ExecutionException.class,
              () -> outcome(a.call("host-c", b.endpoint(), new byte[1], LIMIT)));
      assertInstanceOf(PeerNetwork.NotSent.class, refused.getCause());
    }
  }

  @Test
  void aCallThatWasBrokenOffIsOfUnknownFateAndTheNextConnectsAgain() throws Exception {
    try (NettyPeers a = peers(A, List.of(A, B))) {
      NettyPeers b = peers(B, List.of(A, B));
      String endpoint = b.endpoint();
      CompletableFuture<byte[]> arrived = new CompletableFuture<>();
      b.serve(
          (_, request) -> {
            arrived.complete(request);
            return new CompletableFuture<>();
          });
      CompletableFuture<byte[]> call = a.call(B, endpoint, new byte[3], LIMIT);
      assertEquals(3, outcome(arrived).length);
      b.close();
      ExecutionException broken = assertThrows(ExecutionException.class, () -> outcome(call));
      assertTrue(!(broken.getCause() instanceof PeerNetwork.NotSent), "it was sent");
      ExecutionException unreachable =
          assertThrows(
              ExecutionException.class, () -> outcome(a.call(B, endpoint, new byte[3], LIMIT)));
      assertInstanceOf(PeerNetwork.NotSent.class, unreachable.getCause());
    }
  }

  @Test
  void aConnectionThatSwallowsAllIsReplacedAfterACallTimedOut() throws Exception {
    try (NettyPeers a = peers(A, List.of(A, B));
        NettyPeers b = peers(B, List.of(A, B));
        SwallowingProxy proxy = new SwallowingProxy(b.endpoint())) {
      b.serve((_, request) -> CompletableFuture.completedFuture(request));
      assertEquals(3, outcome(a.call(B, proxy.endpoint(), new byte[3], LIMIT)).length);
      proxy.swallow();
      ExecutionException silent =
          assertThrows(
              ExecutionException.class,
              () -> outcome(a.call(B, proxy.endpoint(), new byte[3], Duration.ofMillis(1500))));
      assertInstanceOf(TimeoutException.class, silent.getCause());
      assertEquals(4, outcome(a.call(B, proxy.endpoint(), new byte[4], LIMIT)).length);
      assertEquals(2, proxy.connections());
    }
  }

  @Test
  void aConnectionOnWhichOthersAreAnsweredOutlivesATimeout() throws Exception {
    try (NettyPeers a = peers(A, List.of(A, B));
        NettyPeers b = peers(B, List.of(A, B));
        SwallowingProxy proxy = new SwallowingProxy(b.endpoint())) {
      b.serve(
          (_, request) ->
              request.length == 0
                  ? new CompletableFuture<>()
                  : CompletableFuture.completedFuture(request));
      CompletableFuture<byte[]> never =
          a.call(B, proxy.endpoint(), new byte[0], Duration.ofSeconds(3));
      assertEquals(3, outcome(a.call(B, proxy.endpoint(), new byte[3], LIMIT)).length);
      assertThrows(ExecutionException.class, () -> outcome(never));
      assertEquals(4, outcome(a.call(B, proxy.endpoint(), new byte[4], LIMIT)).length);
      assertEquals(1, proxy.connections());
    }
  }

  @Test
  void whatAPeerAsksForIsBoundedAndTheRestWaits() throws Exception {
    try (NettyPeers a = peers(A, List.of(A, B));
        NettyPeers b =
            new NettyPeers(
                identities.of(B, List.of(A, B)),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                "127.0.0.1",
                4)) {
      Queue<CompletableFuture<byte[]>> underWay = new ConcurrentLinkedQueue<>();
      b.serve(
          (_, _) -> {
            CompletableFuture<byte[]> reply = new CompletableFuture<>();
            underWay.add(reply);
            return reply;
          });
      List<CompletableFuture<byte[]>> calls = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        // Larger than what is read from the network at once.
        calls.add(a.call(B, b.endpoint(), new byte[1 << 20], Duration.ofMinutes(2)));
      }
      int answered = 0;
      while (answered < calls.size()) {
        assertTrue(ClusterHost.await(() -> !underWay.isEmpty(), LIMIT), "it does not go on");
        Thread.sleep(20);
        assertTrue(underWay.size() <= 6, underWay.size() + " under way");
        CompletableFuture<byte[]> reply = underWay.poll();
        reply.complete(new byte[1]);
        answered++;
      }
      for (CompletableFuture<byte[]> call : calls) {
        assertEquals(1, outcome(call).length);
      }
    }
  }

  @Test
  void twoHostsAreOneDatastoreOverTheNetwork() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    ClusterHost.format(pool, Cluster.KEYS, Cluster.STORE);
    LeaseClock clock = new BootClock();
    HostPool.Journals journals = new HostPool.Journals();
    try (ClusterHost a = join(A, pool, journals, clock);
        ClusterHost b = join(B, pool, journals, clock)) {
      assertTrue(ClusterHost.await(() -> !a.served().isEmpty() && !b.served().isEmpty(), LIMIT));
      FileKey file = Cluster.file(a.datastore(), FileKey.ROOT, "disk");
      for (int i = 0; i < 20; i++) {
        Cluster.write(
            i % 2 == 0 ? a.datastore() : b.datastore(), file, i * 4096L, Cluster.block(i));
        (i % 3 == 0 ? a : b).moveHere(List.of(file));
      }
      for (int i = 0; i < 20; i++) {
        assertArrayEquals(Cluster.block(i), Cluster.read(b.datastore(), file, i * 4096L, 4096));
        assertArrayEquals(Cluster.block(i), Cluster.read(a.datastore(), file, i * 4096L, 4096));
      }
      assertTrue(a.forwarded() + b.forwarded() > 0, "nothing went over the network");
    }
  }

  private static ClusterHost join(
      String name, InMemoryPool pool, HostPool.Journals journals, LeaseClock clock) {
    return ClusterHost.join(
        new ClusterHost.Parts(
            new HostPool(pool, new HostGate(), journals),
            PoolRing.of(Cluster.KEYS),
            Cluster.STORE,
            List.of(),
            Cluster.SETTINGS,
            clock,
            peers(name, List.of(A, B)),
            Cluster.NOT_BY_ITSELF),
        name);
  }
}
