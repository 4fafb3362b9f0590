package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.opendvx.core.cluster.PeerBook.Peer;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.remote.TestIdentity;
import org.opendvx.core.testing.InMemoryPool;

/** Whom hosts believe. */
final class PeerBookTest {
  private static final String A = "host-a";
  private static final String B = "host-b";
  private static final String ONE = "1".repeat(64);
  private static final String TWO = "2".repeat(64);
  private static final Epoch ANY = new Epoch("peers", 1);

  private final RecordStore records = new InMemoryPool().records();
  private final PeerBook book = new PeerBook(records, Cluster.KEYS);

  private void put(String host, byte[] value) {
    long version = records.get("peers/" + host).map(r -> r.version()).orElse(0L);
    long _ = records.put(ANY, "peers/" + host, version, value);
  }

  private byte[] noted(String host) {
    return records.get("peers/" + host).orElseThrow().value();
  }

  @Test
  void aHostThatHasTheKeysIsBelieved() {
    book.note(new Peer(A, ONE, List.of("esx1")));
    assertEquals(List.of(new Peer(A, ONE, List.of("esx1"))), book.read());
    assertTrue(book.known(ONE));
    assertFalse(book.known(TWO));
  }

  @Test
  void whoeverCanWriteThePoolWithoutTheKeysIsNotBelieved() {
    new PeerBook(records, KeyRing.generate()).note(new Peer(B, TWO, List.of()));
    put(
        "host-c",
        new Wire.Out().put(1).putText(TWO).putList(List.<String>of(), Wire.Out::putText).done());
    put("host-d", new byte[] {2, 0, 0});
    book.note(new Peer(A, ONE, List.of()));
    assertEquals(List.of(new Peer(A, ONE, List.of())), book.read());
    assertFalse(book.known(TWO));
  }

  @Test
  void aNoteCountsUnderItsOwnNameAndWholeOnly() {
    book.note(new Peer(A, ONE, List.of("esx1")));
    byte[] good = noted(A);
    put(B, good);
    assertEquals(1, book.read().size());
    for (int at = 0; at < good.length; at++) {
      byte[] bad = good.clone();
      bad[at] ^= 1;
      put(A, bad);
      assertEquals(List.of(), book.read(), "byte " + at);
    }
  }

  @Test
  void aHostThatWasRemovedIsBelievedAgainWithANewCertificateOnly() {
    book.note(new Peer(A, ONE, List.of()));
    book.remove(A);
    assertEquals(List.of(), book.read());
    assertFalse(book.known(ONE));
    DvxException removed =
        assertThrows(DvxException.class, () -> book.note(new Peer(A, ONE, List.of())));
    assertEquals(Kind.DENIED, removed.kind());
    book.note(new Peer(A, TWO, List.of()));
    assertEquals(List.of(new Peer(A, TWO, List.of())), book.read());
    assertFalse(book.known(ONE));
  }

  @Test
  void theConnectionOfAHostThatWasRemovedEnds() throws Exception {
    try (NettyPeers a = peers(A);
        NettyPeers b = peers(B)) {
      b.serve((_, request) -> CompletableFuture.completedFuture(request));
      assertArrayEquals(new byte[3], call(a, b));
      book.remove(A);
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (true) {
        try {
          byte[] _ = call(a, b);
          assertTrue(System.nanoTime() < end, "it is still heard");
          Thread.sleep(100);
        } catch (ExecutionException _) {
          break;
        }
      }
      assertThrows(ExecutionException.class, () -> call(a, b));
    }
  }

  private NettyPeers peers(String name) {
    book.note(new Peer(name, TestIdentity.of(name).fingerprint(), List.of()));
    return new NettyPeers(
        PeerTls.of(TestIdentity.of(name), book),
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        "127.0.0.1");
  }

  private static byte[] call(NettyPeers from, NettyPeers to) throws Exception {
    return from.call(B, to.endpoint(), new byte[3], Duration.ofSeconds(20))
        .get(30, TimeUnit.SECONDS);
  }
}
