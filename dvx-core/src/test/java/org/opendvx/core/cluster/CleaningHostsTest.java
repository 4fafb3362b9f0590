package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.clean.CleanerStatus.State;
import org.opendvx.core.clean.SteppedCleaner;
import org.opendvx.core.cluster.ClusterHost.Cleaning;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots.Cut;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.PlaceRegister;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.testing.InMemoryPool;

/** What happens beside a round of cleaning at other hosts, forced to happen at one of its steps. */
@Timeout(180)
final class CleaningHostsTest {
  private static final String A = "host-a";
  private static final String B = "host-b";
  private static final String C = "host-c";

  /** Unique blocks that are deleted again, so that what lies beside them is moved or in danger. */
  private static final int GARBAGE = 120;

  private InMemoryPool pool = new InMemoryPool();
  private volatile Consumer<String> atStep = _ -> {};

  private Cluster cluster() {
    pool = new InMemoryPool();
    return new Cluster(
        5,
        Cluster.SETTINGS,
        pool,
        _ ->
            new Cleaning(
                (store, all) -> SteppedCleaner.of(store, all, step -> atStep.accept(step)), false));
  }

  private long used() {
    long[] bytes = new long[1];
    pool.containers().forEach(id -> bytes[0] += pool.containers().length(id).orElse(0));
    return bytes[0];
  }

  private boolean condemned() {
    Epoch nobody = new Epoch("nobody", 1);
    return !PlaceRegister.load(pool.records(), nobody, _ -> {}).condemnedNow().isEmpty();
  }

  /** Does something once, at a step of a round that takes something away. */
  private void once(String at, Runnable what) {
    AtomicBoolean done = new AtomicBoolean();
    atStep =
        step -> {
          if (step.equals(at) && condemned() && done.compareAndSet(false, true)) {
            what.run();
          }
        };
  }

  private static void checkpoint(Cluster cluster, String host) {
    root(cluster, host).store().checkpoint();
  }

  private static ServedRoot root(Cluster cluster, String host) {
    return Objects.requireNonNull(cluster.host(host).root(host));
  }

  /** Cleans all that can be cleaned, as soon as all roots are served. */
  private static void clean(Cluster cluster) throws Exception {
    AtomicReference<DvxException> last = new AtomicReference<>();
    boolean cleaned =
        ClusterHost.await(
            () -> {
              try {
                cleanNow(cluster);
                return true;
              } catch (DvxException e) {
                last.set(e);
                return false;
              }
            },
            Cluster.LIMIT);
    if (!cleaned) {
      throw last.get();
    }
  }

  private static void cleanNow(Cluster cluster) {
    for (String host : cluster.names()) {
      if (cluster.host(host).served().contains(ClusterHost.NAMESPACE)) {
        cluster.host(host).clean(_ -> {});
        return;
      }
    }
    throw DvxException.of(Kind.UNAVAILABLE, "Nobody serves the namespace").build();
  }

  /** A file at a host, beside a lot of garbage: its blocks are those numbers. */
  private static FileKey beside(Cluster cluster, String host, String name, long... numbers) {
    FileKey garbage = Cluster.file(cluster.at(host), FileKey.ROOT, "garbage-" + name);
    FileKey file = Cluster.file(cluster.at(host), FileKey.ROOT, name);
    cluster.host(host).moveHere(List.of(garbage, file));
    for (int i = 0; i < GARBAGE; i++) {
      long unique = 1_000_000L + 1000L * file.file() + i;
      Cluster.write(cluster.at(host), garbage, i * 4096L, Cluster.block(unique));
    }
    for (int i = 0; i < numbers.length; i++) {
      Cluster.write(cluster.at(host), file, i * 4096L, Cluster.block(numbers[i]));
    }
    checkpoint(cluster, host);
    remove(cluster, host, "garbage-" + name);
    checkpoint(cluster, host);
    return file;
  }

  private static void remove(Cluster cluster, String host, String name) {
    Object _ =
        Cluster.patiently(
            () -> cluster.at(host).remove(Caller.SYSTEM, FileKey.ROOT, Cluster.bytes(name)));
  }

  /** Restarts all hosts, so that nothing is read from memory, and looks at a file. */
  private static void assertHolds(Cluster cluster, FileKey file, long... numbers) throws Exception {
    for (String host : List.of(A, B, C)) {
      for (int i = 0; i < numbers.length; i++) {
        assertArrayEquals(
            Cluster.block(numbers[i]),
            Cluster.read(cluster.at(host), file, i * 4096L, 4096),
            "block " + i + " at " + host);
      }
    }
  }

  private static void restart(Cluster cluster) throws Exception {
    for (String host : List.of(A, B, C)) {
      cluster.kill(host);
    }
    for (String host : List.of(A, B, C)) {
      cluster.start(host);
    }
    awaitAll(cluster);
  }

  /** Waits until all roots are served, and all hosts know of each other. */
  private static void awaitAll(Cluster cluster) throws InterruptedException {
    cluster.awaitServing(A, B, C);
    assertTrue(
        ClusterHost.await(
            () -> cluster.names().stream().allMatch(name -> cluster.host(name).peers().size() == 2),
            Cluster.LIMIT));
  }

  private static Cluster started(Cluster cluster) throws Exception {
    for (String host : List.of(A, B, C)) {
      cluster.start(host);
    }
    awaitAll(cluster);
    return cluster;
  }

  @Test
  void spaceOfAllHostsComesBackAndNothingElse() throws Exception {
    try (Cluster cluster = started(cluster())) {
      FileKey a = beside(cluster, A, "a", 1, 2, 3);
      FileKey b = beside(cluster, B, "b", 1, 2, 4);
      FileKey c = beside(cluster, C, "c", 5);
      long before = used();
      clean(cluster);
      long freed = before - used();
      assertTrue(freed > before * 8 / 10, freed + " bytes of " + before);
      restart(cluster);
      assertHolds(cluster, a, 1, 2, 3);
      assertHolds(cluster, b, 1, 2, 4);
      assertHolds(cluster, c, 5);
      String server = cluster.serverOf(ClusterHost.NAMESPACE);
      for (String host : List.of(A, B, C)) {
        State state = cluster.host(host).cleaning().state();
        assertEquals(host.equals(server), state != State.ELSEWHERE, host);
      }
    }
  }

  /** Its index knows the chunk, whose last reference goes just before the round. */
  @Test
  void aDuplicateThatAnotherHostWritesDuringTheRoundIsKept() throws Exception {
    for (String step : List.of("CONDEMNED", "DRAINED", "CHECKPOINTED", "MARKED", "LET_GO")) {
      try (Cluster cluster = started(cluster())) {
        FileKey _ = beside(cluster, A, "a-" + step, 7, 8);
        // Opened anew, so that all indexes have the chunks of all hosts.
        restart(cluster);
        FileKey heir = Cluster.file(cluster.at(B), FileKey.ROOT, "heir-" + step);
        cluster.host(B).moveHere(List.of(heir));
        Cluster.write(cluster.at(B), heir, 0, Cluster.block(7));
        remove(cluster, A, "a-" + step);
        checkpoint(cluster, A);
        once(step, () -> Cluster.write(cluster.at(B), heir, 4096, Cluster.block(8)));
        clean(cluster);
        // Another round: what was struck off the condemned is not to be found again either.
        Cluster.write(cluster.at(B), heir, 2 * 4096, Cluster.block(8));
        Cluster.write(cluster.at(C), heir, 3 * 4096, Cluster.block(7));
        clean(cluster);
        restart(cluster);
        assertHolds(cluster, heir, 7, 8, 8, 7);
      }
    }
  }

  /** The checkpoint of the giver has it no more, that of the heir not yet. */
  @Test
  void aFileThatMovesBetweenTheCheckpointsIsKept() throws Exception {
    try (Cluster cluster = started(cluster())) {
      FileKey file = beside(cluster, B, "moving", 11, 12);
      once(
          "CHECKPOINTED",
          () -> {
            cluster.host(A).moveHere(List.of(file));
            checkpoint(cluster, B);
          });
      clean(cluster);
      restart(cluster);
      assertHolds(cluster, file, 11, 12);
    }
  }

  /** Its nodes may be in a condemned container, and in no checkpoint until it is taken. */
  @Test
  void aRoundWaitsForAParcelThatWasMadeBefore() throws Exception {
    try (Cluster cluster = started(cluster())) {
      String server = cluster.serverOf(ClusterHost.NAMESPACE);
      String giver = server.equals(B) ? C : B;
      FileKey file = beside(cluster, giver, "stopped", 51);
      CompletableFuture<Void> stopped = new CompletableFuture<>();
      AtomicBoolean looked = new AtomicBoolean();
      cluster.network.keeper(
          (_, _, request, delivery, _) -> {
            if (!(request instanceof PeerCall.Stop) || looked.get()) {
              return false;
            }
            // The heir never hears of it; what it asks again gets lost.
            if (!stopped.isDone()) {
              delivery.get().thenAccept(_ -> stopped.complete(null)).join();
            }
            return true;
          });
      AtomicReference<Throwable> found = new AtomicReference<>();
      atStep =
          step -> {
            if (step.equals("CONDEMNED") && condemned() && !stopped.isDone()) {
              Thread _ = Thread.ofVirtual().start(() -> move(cluster, server, file));
              stopped.orTimeout(30, TimeUnit.SECONDS).join();
            } else if (step.equals("DRAINED") && stopped.isDone() && !looked.get()) {
              byte[] target = new byte[4096];
              var _ =
                  root(cluster, giver)
                      .store()
                      .read(Caller.SYSTEM, file, 0, ByteBuffer.wrap(target))
                      .exceptionally(
                          failure -> {
                            found.set(failure);
                            return null;
                          })
                      .join();
              looked.set(true);
            }
          };
      clean(cluster);
      assertTrue(looked.get(), "no round took anything away");
      assertNull(found.get(), "the file was still stopped");
      restart(cluster);
      assertHolds(cluster, file, 51);
    }
  }

  private static void move(Cluster cluster, String heir, FileKey file) {
    try {
      cluster.host(heir).moveHere(List.of(file));
    } catch (RuntimeException _) {
      // It stays, or is moved by a later attempt.
    }
  }

  /** Frozen and overwritten before the checkpoints, in the catalogue after them. */
  @Test
  void aCutThatIsUnderWayDuringTheRoundIsKept() throws Exception {
    try (Cluster cluster = started(cluster())) {
      String server = cluster.serverOf(ClusterHost.NAMESPACE);
      String other = server.equals(B) ? C : B;
      FileKey file = beside(cluster, other, "cut", 21, 22);
      CompletableFuture<Void> go = new CompletableFuture<>();
      CompletableFuture<Void> kept = new CompletableFuture<>();
      cluster.network.keeper(
          (_, _, request, delivery, answer) -> {
            if (!(request instanceof PeerCall.Settle)) {
              return false;
            }
            var _ = go.thenCompose(_ -> delivery.get()).thenAccept(reply -> answer.complete(reply));
            kept.complete(null);
            return true;
          });
      List<CompletableFuture<Cut>> cuts = new ArrayList<>();
      atStep =
          step -> {
            if (step.equals("CONDEMNED") && condemned() && cuts.isEmpty()) {
              cuts.add(
                  cluster
                      .at(server)
                      .snapshots()
                      .cut(new CutRequest("cut", List.of(file), Map.of(), new byte[0])));
              kept.orTimeout(30, TimeUnit.SECONDS).join();
              Cluster.write(cluster.at(other), file, 0, Cluster.block(23));
              Cluster.write(cluster.at(other), file, 4096, Cluster.block(24));
            } else if (step.equals("CHECKPOINTED") && !cuts.isEmpty()) {
              CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS)
                  .execute(() -> go.complete(null));
            }
          };
      clean(cluster);
      go.complete(null);
      long snapshot = cuts.getFirst().get(30, TimeUnit.SECONDS).snapshot().id();
      cluster.network.keeper(null);
      restart(cluster);
      assertHolds(cluster, new FileKey(snapshot, file.file()), 21, 22);
      assertHolds(cluster, file, 23, 24);
    }
  }

  @Test
  void aHostThatIsOpenedAnewDuringTheRoundEndsItAndNothingIsLost() throws Exception {
    for (String step : List.of("DRAINED", "CHECKPOINTED")) {
      try (Cluster cluster = started(cluster())) {
        String server = cluster.serverOf(ClusterHost.NAMESPACE);
        String other = server.equals(B) ? C : B;
        FileKey file = beside(cluster, other, "file", 31, 32);
        once(
            step,
            () -> {
              cluster.kill(other);
              ClusterHost _ = cluster.start(other);
              try {
                awaitAll(cluster);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
        assertThrows(DvxException.class, () -> cleanNow(cluster), step);
        long before = used();
        clean(cluster);
        assertTrue(used() < before, "the next round goes on");
        restart(cluster);
        assertHolds(cluster, file, 31, 32);
      }
    }
  }

  /** A cleaner that was stopped wakes when another host cleans: it changes nothing any more. */
  @Test
  void aCleanerThatWasStoppedAndReplacedTakesNothingAway() throws Exception {
    for (String step : List.of("MARKED", "INTENDED", "PUT", "PUBLISHED", "LET_GO")) {
      try (Cluster cluster = started(cluster())) {
        String server = cluster.serverOf(ClusterHost.NAMESPACE);
        String other = server.equals(B) ? C : B;
        FileKey file = beside(cluster, other, "file", 41, 42);
        List<String> others = new ArrayList<>(List.of(A, B, C));
        others.remove(server);
        // At the step everything stands still until others have cleaned, and written more.
        once(step, () -> cluster.pause(server, true));
        CompletableFuture<Void> first =
            CompletableFuture.runAsync(
                () -> assertThrows(DvxException.class, () -> cluster.host(server).clean(_ -> {})));
        assertTrue(
            ClusterHost.await(
                () ->
                    others.stream()
                        .anyMatch(
                            host -> cluster.host(host).served().contains(ClusterHost.NAMESPACE)),
                Cluster.LIMIT));
        String next =
            others.stream()
                .filter(host -> cluster.host(host).served().contains(ClusterHost.NAMESPACE))
                .findFirst()
                .orElseThrow();
        boolean cleaned =
            ClusterHost.await(
                () -> {
                  try {
                    cluster.host(next).clean(_ -> {});
                    return true;
                  } catch (DvxException _) {
                    // Until the stopped host's own root is served as well.
                    return false;
                  }
                },
                Cluster.LIMIT);
        assertTrue(cleaned, step);
        cluster.pause(server, false);
        first.get(60, TimeUnit.SECONDS);
        restart(cluster);
        assertHolds(cluster, file, 41, 42);
        clean(cluster);
        restart(cluster);
        assertHolds(cluster, file, 41, 42);
      }
    }
  }
}
