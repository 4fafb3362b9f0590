package org.opendvx.core.peer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.opendvx.core.cluster.PeerNetwork;
import org.opendvx.core.cluster.TestIdentities;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.log.SlotSource.Verdict;
import org.opendvx.core.peer.PeerHost.World;
import org.opendvx.core.testing.InMemoryPool;

/** Reads past memory come from own flash, then peers, then the pool; whatever a peer answers. */
final class PeerReadsTest {
  private static final int SIZE = 12 << 20;
  private static final int CHUNKS = SIZE / 4096;

  @TempDir private static Path keys;
  private static TestIdentities identities;
  @TempDir private Path folder;
  private final InMemoryPool pool = new InMemoryPool();

  private static byte[] content(int seed) {
    byte[] content = new byte[SIZE];
    new Random(seed).nextBytes(content);
    return content;
  }

  private static final PeerSettings WITHOUT_SUMMARIES =
      new PeerSettings(
          Duration.ofSeconds(5),
          Duration.ofSeconds(5),
          Duration.ofSeconds(20),
          Duration.ofHours(1),
          0,
          1L << 30,
          16,
          Duration.ofMinutes(1));

  @BeforeAll
  static void makeIdentities() throws Exception {
    identities = new TestIdentities(keys, PeerHost.NAMES);
  }

  private World world() {
    return new World(pool, folder, identities);
  }

  @Test
  void afterAMoveReadsComeFromThePeerAndThenFromTheOwnFlash() throws Exception {
    World world = world();
    try (PeerHost a = world.start("a");
        PeerHost b = world.start("b")) {
      byte[] content = content(1);
      FileKey file = a.write("disk", content);
      a.give(file, b, 2);
      b.learn(file, CHUNKS);
      assertArrayEquals(content, b.read(file, 0, SIZE));
      PeerTierStatus first = b.tier().status();
      System.out.println("after the move: " + first);
      assertTrue(first.peerChunks() + first.flashChunks() >= CHUNKS * 99 / 100, first::toString);
      assertTrue(first.poolChunks() <= CHUNKS / 100, first::toString);
      assertTrue(first.peerBytes() > 0 && first.bytesIn() >= first.peerBytes(), first::toString);
      assertTrue(a.tier().status().servedChunks() >= first.peerChunks());

      assertArrayEquals(content, b.read(file, 0, SIZE));
      PeerTierStatus second = b.tier().status();
      assertTrue(second.flashChunks() - first.flashChunks() >= CHUNKS * 99 / 100, second::toString);

      // In the steady state nothing goes between hosts but summaries, which are small.
      assertArrayEquals(content, b.read(file, 0, SIZE));
      assertEquals(second.peerChunks(), b.tier().status().peerChunks());
    }
  }

  @Test
  void theHostThatAFileCameFromIsAskedWithoutASummary() throws Exception {
    World world = world();
    try (PeerHost a = world.start("a");
        PeerHost b = world.start("b", true, WITHOUT_SUMMARIES, handler -> handler)) {
      byte[] content = content(2);
      FileKey file = a.write("disk", content);
      a.give(file, b, 2);
      long[] addresses = b.addresses(file, CHUNKS);
      b.tier().cameFrom(addresses, CHUNKS, "a");
      assertArrayEquals(content, b.read(file, 0, SIZE));
      PeerTierStatus status = b.tier().status();
      assertTrue(status.poolChunks() <= CHUNKS / 100, status::toString);
    }
  }

  /** Nothing is known of what it holds: neither hints nor summaries. */
  @Test
  void theGiverOfAFileIsAskedForAWhile() throws Exception {
    World world = world();
    try (PeerHost a = world.start("a");
        PeerHost b = world.start("b", true, WITHOUT_SUMMARIES, handler -> handler)) {
      byte[] content = content(5);
      FileKey file = a.write("disk", content);
      a.give(file, b, 2);
      b.tier().arrivedFrom("a");
      assertArrayEquals(content, b.read(file, 0, SIZE));
      PeerTierStatus status = b.tier().status();
      assertTrue(status.poolChunks() <= CHUNKS / 100, status::toString);
    }
  }

  /** It is not asked for long when it has nothing. */
  @Test
  void aGiverThatHasNothingIsLeftAlone() throws Exception {
    World world = world();
    try (PeerHost a = world.start("a", false, PeerHost.PATIENT, handler -> handler);
        PeerHost b = world.start("b", true, WITHOUT_SUMMARIES, handler -> handler)) {
      byte[] content = content(6);
      FileKey file = a.write("disk", content);
      a.give(file, b, 2);
      b.tier().arrivedFrom("a");
      assertArrayEquals(content, b.read(file, 0, SIZE));
      PeerTierStatus status = b.tier().status();
      assertEquals(0, status.peerChunks(), status::toString);
      assertTrue(status.poolChunks() >= CHUNKS, status::toString);
    }
  }

  @Test
  void aHostWithoutFlashReadsFromPeersAndSaysSo() throws Exception {
    World world = world();
    try (PeerHost a = world.start("a");
        PeerHost b = world.start("b", false, PeerHost.PATIENT, handler -> handler)) {
      byte[] content = content(3);
      FileKey file = a.write("disk", content);
      a.give(file, b, 2);
      b.learn(file, CHUNKS);
      for (int round = 0; round < 2; round++) {
        assertArrayEquals(content, b.read(file, 0, SIZE));
      }
      PeerTierStatus status = b.tier().status();
      assertEquals(PeerTierStatus.Mode.PEER_CACHE, status.mode());
      assertTrue(status.peerChunks() >= 2 * CHUNKS * 99 / 100, status::toString);
      assertEquals(PeerTierStatus.Mode.FLASH, a.tier().status().mode());
    }
  }

  /** How a peer lies. */
  enum Lie {
    WRONG_BYTES,
    WRONG_ADDRESS,
    OVERSIZE,
    MORE_THAN_ASKED,
    GARBAGE,
    TOO_LONG_FOR_A_FRAME,
    SILENT
  }

  @ParameterizedTest
  @EnumSource(Lie.class)
  void aLyingPeerDoesNoHarmAndIsDropped(Lie lie) throws Exception {
    World world = world();
    PeerSettings quick =
        new PeerSettings(
            Duration.ofMillis(50),
            Duration.ofMillis(200),
            Duration.ofSeconds(20),
            Duration.ofMillis(100),
            64 << 20,
            1L << 30,
            16,
            Duration.ofMinutes(10));
    try (PeerHost a = world.start("a", true, PeerHost.PATIENT, lies(lie));
        PeerHost b = world.start("b", true, quick, handler -> handler)) {
      byte[] content = content(4);
      FileKey file = a.write("disk", content);
      a.give(file, b, 2);
      b.learn(file, CHUNKS);
      assertArrayEquals(content, b.read(file, 0, SIZE));
      PeerTierStatus status = b.tier().status();
      System.out.println(lie + ": " + status);
      assertEquals(0, status.peerChunks(), status::toString);
      assertTrue(status.poolChunks() >= CHUNKS * 99 / 100, status::toString);
      assertTrue(
          status.peers().getFirst().damaged() + status.peers().getFirst().failures() > 0,
          status::toString);
      if (lie != Lie.SILENT && lie != Lie.TOO_LONG_FOR_A_FRAME) {
        assertFalse(status.peers().getFirst().notAsked().isEmpty(), status::toString);
      }
      // What is on the own flash now is right: nothing of the lies was kept.
      assertArrayEquals(content, b.read(file, 0, SIZE));
      assertEquals(0, b.flash().status().damaged());
    }
  }

  private static UnaryOperator<PeerNetwork.Handler> lies(Lie lie) {
    return handler ->
        (from, request) ->
            request[2] != ChunkMessages.FETCH
                ? handler.call(from, request)
                : lie(lie, handler, from, request);
  }

  private static CompletableFuture<byte[]> lie(
      Lie lie, PeerNetwork.Handler handler, String from, byte[] request) {
    return switch (lie) {
      case SILENT -> new CompletableFuture<>();
      case TOO_LONG_FOR_A_FRAME -> CompletableFuture.completedFuture(new byte[20 << 20]);
      case GARBAGE ->
          CompletableFuture.completedFuture(
              new byte[] {ChunkMessages.MARK, ChunkMessages.VERSION, 0, 9, 9, 9});
      case WRONG_BYTES ->
          handler
              .call(from, request)
              .thenApply(
                  reply -> {
                    for (int at = 200; at < reply.length; at += 2000) {
                      reply[at] ^= 1;
                    }
                    return reply;
                  });
      case WRONG_ADDRESS -> {
        // The slots of neighbours, each whole and in good order.
        byte[] other = request.clone();
        for (int at = 6; at < other.length; at += 8) {
          other[at + 7] ^= 1;
        }
        yield handler.call(from, other);
      }
      case OVERSIZE ->
          CompletableFuture.completedFuture(
              ChunkMessages.done(
                  ChunkMessages.message(ChunkMessages.OK, 6 + 60_000)
                      .putShort((short) 1)
                      .putShort((short) 0)
                      .putShort((short) 60_000)
                      .put(new byte[60_000])));
      case MORE_THAN_ASKED ->
          CompletableFuture.completedFuture(
              ChunkMessages.done(
                  ChunkMessages.message(ChunkMessages.OK, 2).putShort((short) 60_000)));
    };
  }

  @Test
  void aSlowPeerIsNotWaitedForWhenAnotherHasTheChunk() throws Exception {
    World world = world();
    PeerSettings quick =
        new PeerSettings(
            Duration.ofMillis(20),
            Duration.ofSeconds(2),
            Duration.ofSeconds(20),
            Duration.ofMillis(100),
            64 << 20,
            1L << 30,
            16,
            Duration.ofMinutes(10));
    boolean[] slow = new boolean[1];
    UnaryOperator<PeerNetwork.Handler> delays =
        handler ->
            (from, request) ->
                slow[0] && request[2] == ChunkMessages.FETCH
                    ? CompletableFuture.supplyAsync(
                            () -> request, CompletableFuture.delayedExecutor(15, TimeUnit.SECONDS))
                        .thenCompose(late -> handler.call(from, late))
                    : handler.call(from, request);
    try (PeerHost a = world.start("a", true, PeerHost.PATIENT, delays);
        PeerHost b = world.start("b", true, quick, handler -> handler);
        PeerHost c = world.start("c")) {
      byte[] content = content(5);
      FileKey file = a.write("disk", content);
      a.give(file, c, 2);
      c.learn(file, CHUNKS);
      assertArrayEquals(content, c.read(file, 0, SIZE));
      c.give(file, b, 3);
      b.learn(file, CHUNKS);
      long[] addresses = b.addresses(file, CHUNKS);
      b.tier().cameFrom(addresses, CHUNKS, "a");
      slow[0] = true;
      long start = System.nanoTime();
      assertArrayEquals(content, b.read(file, 0, SIZE));
      long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
      PeerTierStatus status = b.tier().status();
      System.out.println("hedged, " + seconds + " s: " + status);
      assertTrue(status.hedges() > 0, status::toString);
      assertTrue(status.peerChunks() > CHUNKS / 2, status::toString);
      assertTrue(seconds < 15, "nobody waited for the slow one: " + seconds + " s");
    }
  }

  @Test
  void tooMuchIsRefused() throws Exception {
    World world = world();
    PeerSettings little =
        new PeerSettings(
            Duration.ofMillis(50),
            Duration.ofSeconds(5),
            Duration.ofSeconds(20),
            Duration.ofMillis(100),
            64 << 20,
            1 << 10,
            1,
            Duration.ofMinutes(10));
    try (PeerHost a = world.start("a", true, little, handler -> handler);
        PeerHost b = world.start("b")) {
      byte[] content = content(6);
      FileKey file = a.write("disk", content);
      a.give(file, b, 2);
      b.learn(file, CHUNKS);
      long[] addresses = b.addresses(file, 128);
      PeerHost.await(
          "the rate is held",
          () -> {
            var _ = b.tier().fetchAhead(addresses, "a", (_, _, _, _) -> Verdict.TAKEN);
            return a.tier().status().refusals() > 0;
          });
      assertTrue(a.tier().status().servedBytes() < SIZE);
      // Reads are not refused for the rate.
      assertArrayEquals(content, b.read(file, 0, SIZE));
    }
  }
}
