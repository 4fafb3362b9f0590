package org.opendvx.core.prefetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.cluster.TestIdentities;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.peer.PeerHost;
import org.opendvx.core.peer.PeerHost.World;
import org.opendvx.core.peer.PeerTierStatus;
import org.opendvx.core.prefetch.PrefetchProgress.State;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmRef;

/** A machine's hot chunks are on the target's flash before it reads them. */
final class PrefetchTest {
  private static final int SIZE = 16 << 20;
  private static final int CHUNKS = SIZE / 4096;
  private static final VmRef VM = new VmRef("vcenter", "vm-1");
  private static final VmRef OTHER = new VmRef("vcenter", "vm-2");

  @TempDir private static Path keys;
  private static TestIdentities identities;
  @TempDir private Path folder;
  private final InMemoryPool pool = new InMemoryPool();

  @BeforeAll
  static void makeIdentities() throws Exception {
    identities = new TestIdentities(keys, PeerHost.NAMES);
  }

  private World world() {
    return new World(pool, folder, identities);
  }

  private static byte[] content(int seed, int length) {
    byte[] content = new byte[length];
    new Random(seed).nextBytes(content);
    return content;
  }

  private static PrefetchSettings settings(long rate) {
    return new PrefetchSettings(
        rate,
        4,
        2,
        1 << 20,
        1L << 30,
        Duration.ofSeconds(20),
        Duration.ofMillis(200),
        Duration.ofMinutes(5));
  }

  private static Prefetch prefetch(PeerHost host, long rate, FileKey... files) {
    return new Prefetch(
        Set.of(host.beside()),
        host.tier(),
        () -> List.of(host.store().chunks()),
        vm -> vm.equals(VM) ? List.of(files[0].file()) : List.of(files[1].file()),
        settings(rate));
  }

  private static VmMobility about(VmRef vm, PeerHost from, PeerHost to) {
    return new VmMobility.AboutToMove(vm, vm.id(), Instant.EPOCH, from.beside(), to.beside());
  }

  private static VmMobility moved(VmRef vm, PeerHost from, PeerHost to) {
    return new VmMobility.Moved(vm, vm.id(), Instant.EPOCH, from.beside(), to.beside());
  }

  private static PrefetchProgress latest(Prefetch prefetch) {
    return prefetch.progress().getFirst();
  }

  private static void awaitState(Prefetch prefetch, State state) {
    PeerHost.await(state.toString(), () -> latest(prefetch).state() == state);
    System.out.println(latest(prefetch));
  }

  /** Waits until hosts know of each other what hypervisor hosts they are beside. */
  private static void meet(PeerHost... hosts) {
    for (PeerHost host : hosts) {
      for (PeerHost other : hosts) {
        host.tier().refresh();
        PeerHost.await(
            "they know each other",
            () -> host == other || other.name().equals(host.tier().beside(other.beside())));
      }
    }
  }

  private static long since(PeerTierStatus after, PeerTierStatus before) {
    return after.flashChunks() - before.flashChunks();
  }

  @Test
  void anAnnouncedMoveFindsNearlyAllOnTheTargetsOwnFlash() {
    World world = world();
    try (PeerHost a = world.start("a");
        PeerHost b = world.start("b")) {
      byte[] content = content(1, SIZE);
      FileKey file = a.write("disk", content);
      FileKey _ = a.write("filler", content(2, 10 << 20));
      meet(a, b);
      try (Prefetch prefetch = prefetch(b, 1L << 30, file)) {
        prefetch.accept(about(VM, a, b));
        awaitState(prefetch, State.FOLLOWING);
        // The machine still writes where it was.
        byte[] fresh = content(3, 1 << 20);
        a.write(file, 4 << 20, fresh);
        System.arraycopy(fresh, 0, content, 4 << 20, fresh.length);
        a.give(file, b, 2);
        prefetch.accept(moved(VM, a, b));
        PeerTierStatus before = b.tier().status();
        assertArrayEquals(content, b.read(file, 0, SIZE));
        PeerTierStatus after = b.tier().status();
        System.out.println("from the first read on: " + after);
        long own = since(after, before);
        long peers = after.peerChunks() - before.peerChunks();
        // On a busy machine the flash of the source drops some of what is written.
        long dropped = a.flash().status().dropped();
        assertTrue(
            own + peers + dropped >= CHUNKS * 99 / 100,
            own + " + " + peers + ", dropped " + dropped);
        assertTrue(own >= CHUNKS * 90 / 100, own + " of the own flash");
        awaitState(prefetch, State.DONE);
        before = b.tier().status();
        assertArrayEquals(content, b.read(file, 0, SIZE));
        assertTrue(since(b.tier().status(), before) >= CHUNKS * 99 / 100);
        PrefetchProgress done = latest(prefetch);
        assertTrue(done.announced() && done.note().isEmpty(), done::toString);
        assertTrue(done.peerBytes() >= SIZE * 9L / 10, done::toString);
        assertTrue(done.usedBytes() >= done.fetchedBytes() * 8 / 10, done::toString);
        assertEquals(0, done.missedBytes(), done::toString);
      }
    }
  }

  @Test
  void afterAMoveThatWasNotAnnouncedNothingComesFromThePool() {
    World world = world();
    try (PeerHost a = world.start("a");
        PeerHost b = world.start("b")) {
      byte[] content = content(4, SIZE);
      FileKey file = a.write("disk", content);
      meet(a, b);
      try (Prefetch prefetch = prefetch(b, 1L << 30, file)) {
        // The event comes before the hand-over, as it does when the hypervisor is quick.
        prefetch.accept(moved(VM, a, b));
        a.give(file, b, 2);
        b.learn(file, CHUNKS);
        assertArrayEquals(content, b.read(file, 0, SIZE));
        awaitState(prefetch, State.DONE);
        assertArrayEquals(content, b.read(file, 0, SIZE));
        PeerTierStatus status = b.tier().status();
        System.out.println("after a move: " + status);
        assertTrue(status.poolChunks() <= CHUNKS / 100, status::toString);
        assertTrue(status.flashChunks() >= CHUNKS * 99 / 100, status::toString);
      }
    }
  }

  @Test
  void whatTheTargetHasByDedupeIsSkipped() {
    World world = world();
    try (PeerHost a = world.start("a");
        PeerHost b = world.start("b")) {
      byte[] content = content(5, SIZE);
      FileKey first = a.write("first", content);
      FileKey clone = a.write("clone", content);
      assertArrayEquals(a.addresses(first, CHUNKS), a.addresses(clone, CHUNKS));
      meet(a, b);
      try (Prefetch prefetch = prefetch(b, 1L << 30, first, clone)) {
        a.give(first, b, 2);
        prefetch.accept(moved(VM, a, b));
        awaitState(prefetch, State.DONE);
        assertTrue(latest(prefetch).fetchedBytes() >= SIZE * 99L / 100);
        a.give(clone, b, 2);
        prefetch.accept(moved(OTHER, a, b));
        PeerHost.await("it begins", () -> latest(prefetch).vm().equals(OTHER));
        awaitState(prefetch, State.DONE);
        PrefetchProgress second = latest(prefetch);
        assertTrue(second.hotBytes() >= SIZE * 99L / 100, second::toString);
        assertTrue(second.skippedBytes() >= second.hotBytes() * 99 / 100, second::toString);
      }
    }
  }

  @Test
  void theSourceDiesHalfWayAndTheRestComesFromAnotherPeerAndThePool() {
    World world = world();
    try (PeerHost a = world.start("a");
        PeerHost b = world.start("b");
        PeerHost c = world.start("c")) {
      byte[] content = content(6, SIZE);
      FileKey file = a.write("disk", content);
      a.give(file, c, 2);
      c.learn(file, CHUNKS);
      // The first half is known to c as well, the second half to a alone.
      assertArrayEquals(java.util.Arrays.copyOf(content, SIZE / 2), c.read(file, 0, SIZE / 2));
      c.give(file, a, 3);
      meet(a, b, c);
      a.give(file, b, 4);
      b.learn(file, CHUNKS);
      try (Prefetch prefetch = prefetch(b, 4 << 20, file)) {
        prefetch.accept(moved(VM, a, b));
        PeerHost.await("some came", () -> latest(prefetch).fetchedBytes() > SIZE / 16);
        a.killUnnoticed();
        PrefetchProgress then = latest(prefetch);
        assertEquals(State.FETCHING, then.state(), then::toString);
        awaitState(prefetch, State.DONE);
        PrefetchProgress done = latest(prefetch);
        assertEquals(SIZE, done.hotBytes(), done::toString);
        assertEquals(0, done.missedBytes(), done::toString);
        assertTrue(done.fetchedBytes() + done.skippedBytes() == SIZE, done::toString);
        assertTrue(done.poolBytes() > 0 && done.peerBytes() > then.peerBytes(), done::toString);
      }
      assertArrayEquals(content, b.read(file, 0, SIZE));
      PeerTierStatus status = b.tier().status();
      assertTrue(status.poolChunks() <= CHUNKS / 100, status::toString);
      a.notice();
    }
  }

  @Test
  void theSourceIsDeadFromTheStart() {
    World world = world();
    try (PeerHost a = world.start("a");
        PeerHost b = world.start("b");
        PeerHost c = world.start("c")) {
      byte[] content = content(7, SIZE);
      FileKey file = a.write("disk", content);
      a.give(file, c, 2);
      c.learn(file, CHUNKS);
      assertArrayEquals(content, c.read(file, 0, SIZE));
      a.kill();
      c.give(file, b, 3);
      meet(b, c);
      b.learn(file, CHUNKS);
      try (Prefetch prefetch = prefetch(b, 1L << 30, file)) {
        prefetch.accept(
            new VmMobility.RestartedElsewhere(VM, "vm", Instant.EPOCH, a.beside(), b.beside()));
        awaitState(prefetch, State.DONE);
        PrefetchProgress done = latest(prefetch);
        assertTrue(done.peerBytes() >= SIZE * 99L / 100, done::toString);
        assertEquals(0, done.missedBytes(), done::toString);
      }
    }
  }

  @Test
  void itIsBrokenOffWhenTheMachineGoesElsewhereOrDoesNotMove() {
    World world = world();
    try (PeerHost a = world.start("a");
        PeerHost b = world.start("b")) {
      FileKey file = a.write("disk", content(8, SIZE));
      FileKey _ = a.write("filler", content(9, 10 << 20));
      meet(a, b);
      try (Prefetch prefetch = prefetch(b, 1 << 20, file)) {
        prefetch.accept(about(VM, a, b));
        PeerHost.await("it fetches", () -> latest(prefetch).fetchedBytes() > 0);
        prefetch.accept(new VmMobility.Moved(VM, "vm", Instant.EPOCH, a.beside(), "esx-elsewhere"));
        awaitState(prefetch, State.CANCELLED);
        long fetched = latest(prefetch).fetchedBytes();
        assertTrue(fetched < SIZE / 2, latest(prefetch)::toString);

        prefetch.accept(about(VM, a, b));
        prefetch.accept(new VmMobility.MoveFailed(VM, "vm", Instant.EPOCH, a.beside(), b.beside()));
        awaitState(prefetch, State.CANCELLED);
        assertEquals(2, prefetch.progress().size());
        // A machine that others care about is none of our business.
        prefetch.accept(new VmMobility.Moved(OTHER, "vm", Instant.EPOCH, b.beside(), a.beside()));
        assertEquals(2, prefetch.progress().size());
      }
    }
  }

  @Test
  void aHostWithoutFlashSaysThatNothingIsKept() {
    World world = world();
    try (PeerHost a = world.start("a");
        PeerHost b = world.start("b", false, PeerHost.PATIENT, handler -> handler)) {
      FileKey file = a.write("disk", content(10, 1 << 20));
      a.give(file, b, 2);
      try (Prefetch prefetch = prefetch(b, 1L << 30, file)) {
        prefetch.accept(moved(VM, a, b));
        awaitState(prefetch, State.FAILED);
        assertTrue(latest(prefetch).note().contains("no flash"), latest(prefetch)::toString);
      }
    }
  }
}
