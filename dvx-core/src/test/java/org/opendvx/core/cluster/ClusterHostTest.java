package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.opendvx.core.cluster.Cluster.block;
import static org.opendvx.core.cluster.Cluster.bytes;
import static org.opendvx.core.cluster.Cluster.file;
import static org.opendvx.core.cluster.Cluster.lookup;
import static org.opendvx.core.cluster.Cluster.outcome;
import static org.opendvx.core.cluster.Cluster.patiently;
import static org.opendvx.core.cluster.Cluster.read;
import static org.opendvx.core.cluster.Cluster.write;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.SnapshotQuery;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.core.datastore.Snapshots.Member;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;

/** Few hosts over one pool: one datastore, take-over, hand-over, cuts. */
final class ClusterHostTest {
  private static final String A = "host-a";
  private static final String B = "host-b";
  private static final String C = "host-c";

  @Test
  void everyHostAnswersForEveryFile() throws Exception {
    try (Cluster cluster = new Cluster(1)) {
      cluster.start(A);
      cluster.start(B);
      cluster.awaitServing(A, B);
      FileKey file = file(cluster.at(A), FileKey.ROOT, "disk");
      write(cluster.at(A), file, 0, block(1));
      write(cluster.at(B), file, 4096, block(2));
      assertEquals(file, lookup(cluster.at(B), FileKey.ROOT, "disk"));
      assertArrayEquals(block(1), read(cluster.at(B), file, 0, 4096));
      assertArrayEquals(block(2), read(cluster.at(A), file, 4096, 4096));
      assertEquals(8192, outcome(cluster.at(B).attributes(file)).size());
      Object _ = outcome(cluster.at(B).remove(Caller.SYSTEM, FileKey.ROOT, bytes("disk")));
      FileException gone =
          assertThrows(FileException.class, () -> outcome(cluster.at(A).attributes(file)));
      assertEquals(FileError.STALE, gone.error());
    }
  }

  @Test
  void aFileMovesToAnotherHostAndBack() throws Exception {
    try (Cluster cluster = new Cluster(2)) {
      cluster.start(A);
      cluster.start(B);
      cluster.awaitServing(A, B);
      FileKey file = file(cluster.at(A), FileKey.ROOT, "disk");
      for (int i = 0; i < 40; i++) {
        write(cluster.at(i % 2 == 0 ? A : B), file, i * 4096L, block(i));
      }
      for (int round = 0; round < 3; round++) {
        for (String host : List.of(A, B)) {
          cluster.host(host).moveHere(List.of(file));
          long before = cluster.host(host).forwarded();
          for (int i = 0; i < 40; i++) {
            assertArrayEquals(block(i), read(cluster.at(host), file, i * 4096L, 4096));
          }
          assertEquals(before, cluster.host(host).forwarded());
          write(cluster.at(host), file, 0, block(0));
          assertEquals(40 * 4096, outcome(cluster.at(A).attributes(file)).size());
          assertEquals(
              40 * 4096,
              outcome(cluster.at(B).lookup(Caller.SYSTEM, FileKey.ROOT, bytes("disk")))
                  .attributes()
                  .size());
        }
      }
      // A name of a file that is elsewhere: it comes to the namespace first.
      Object _ =
          outcome(
              cluster
                  .at(A)
                  .rename(Caller.SYSTEM, FileKey.ROOT, bytes("disk"), FileKey.ROOT, bytes("d2")));
      assertArrayEquals(block(7), read(cluster.at(B), file, 7 * 4096L, 4096));
      assertEquals(file, lookup(cluster.at(B), FileKey.ROOT, "d2"));
    }
  }

  @Test
  void aRootThatIsOpenedAgainEndsHandOversToItThatWereBegunBefore() throws Exception {
    try (Cluster cluster = new Cluster(14)) {
      cluster.start(A);
      cluster.start(B);
      cluster.awaitServing(A, B);
      FileKey file = file(cluster.at(A), FileKey.ROOT, "disk");
      write(cluster.at(A), file, 0, block(1));
      cluster.host(A).moveHere(List.of(file));
      OwnerRegister register = new OwnerRegister(cluster.pool.records(), ClusterHost.NAMESPACE);
      Owner owner = register.read(file.file());
      assertEquals(A, owner.root());
      // As a heir leaves it that dies after it noted its intent.
      assertTrue(register.swing(new Epoch("agent-test", 1), file.file(), owner, owner.towards(B)));
      cluster.kill(B);
      cluster.start(B);
      cluster.awaitServing(A, B);
      assertEquals(owner.renewed(), register.read(file.file()));
      assertArrayEquals(block(1), read(cluster.at(B), file, 0, 4096));
      write(cluster.at(B), file, 4096, block(2));
      cluster.host(B).moveHere(List.of(file));
      assertArrayEquals(block(2), read(cluster.at(A), file, 4096, 4096));
      assertEquals(B, register.read(file.file()).root());
    }
  }

  @Test
  void aRangeIsSharedWhoeverHasTheFiles() throws Exception {
    try (Cluster cluster = new Cluster(12)) {
      cluster.start(A);
      cluster.start(B);
      cluster.awaitServing(A, B);
      FileKey file = file(cluster.at(A), FileKey.ROOT, "disk");
      FileKey other = file(cluster.at(B), FileKey.ROOT, "other");
      for (int i = 0; i < 4; i++) {
        write(cluster.at(A), file, i * 4096L, block(i));
        write(cluster.at(B), other, i * 4096L, block(100 + i));
      }
      for (String asked : List.of(A, B)) {
        cluster.host(A).moveHere(List.of(file));
        cluster.host(B).moveHere(List.of(other));
        Object _ =
            patiently(
                () ->
                    cluster
                        .at(asked)
                        .snapshots()
                        .cloneRange(
                            Caller.SYSTEM, new Snapshots.Range(file, 4096, other, 8192, 12288))
                        .thenApply(_ -> true));
        for (String host : List.of(A, B)) {
          assertArrayEquals(block(101), read(cluster.at(host), other, 4096, 4096));
          for (int i = 0; i < 3; i++) {
            assertArrayEquals(block(1 + i), read(cluster.at(host), other, 8192 + i * 4096L, 4096));
          }
        }
        write(cluster.at(B), other, 8192, block(200));
      }
    }
  }

  @Test
  void aDeadHostsFilesAreServedByAnotherSoon() throws Exception {
    try (Cluster cluster = new Cluster(3)) {
      cluster.start(A);
      cluster.start(B);
      cluster.awaitServing(A, B);
      FileKey file = file(cluster.at(A), FileKey.ROOT, "disk");
      FileKey other = file(cluster.at(B), FileKey.ROOT, "other");
      cluster.host(A).moveHere(List.of(file));
      cluster.host(B).moveHere(List.of(other));
      for (int i = 0; i < 50; i++) {
        write(cluster.at(A), file, i * 4096L, block(i));
        write(cluster.at(B), other, i * 4096L, block(100 + i));
      }
      cluster.kill(A);
      long start = System.nanoTime();
      write(cluster.at(B), file, 0, block(1000));
      long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
      assertTrue(seconds < 20, "it took " + seconds + " s");
      assertArrayEquals(block(1000), read(cluster.at(B), file, 0, 4096));
      for (int i = 1; i < 50; i++) {
        assertArrayEquals(block(i), read(cluster.at(B), file, i * 4096L, 4096));
        assertArrayEquals(block(100 + i), read(cluster.at(B), other, i * 4096L, 4096));
      }
      cluster.start(A);
      cluster.awaitServing(A, B);
      assertArrayEquals(block(1000), read(cluster.at(A), file, 0, 4096));
    }
  }

  @Test
  void aHostThatIsShutOutChangesNothingAndOthersHaveItsFiles() throws Exception {
    try (Cluster cluster = new Cluster(15)) {
      cluster.start(A);
      cluster.start(B);
      cluster.awaitServing(A, B);
      FileKey file = file(cluster.at(B), FileKey.ROOT, "disk");
      cluster.host(B).moveHere(List.of(file));
      write(cluster.at(B), file, 0, block(1));
      long life = cluster.host(B).status().life();
      DvxException self = assertThrows(DvxException.class, () -> cluster.host(A).shutOut(A));
      assertEquals(Kind.INVALID, self.kind());
      // The data node lets it in no more.
      cluster.kill(B);
      cluster.host(A).shutOut(B);
      DvxException fenced =
          assertThrows(
              DvxException.class,
              () -> cluster.pool.records().put(Lease.epoch(B, life), "any", 0, new byte[1]));
      assertEquals(Kind.CONFLICT, fenced.kind());
      assertArrayEquals(block(1), read(cluster.at(A), file, 0, 4096));
      write(cluster.at(A), file, 0, block(2));
    }
  }

  @Test
  void aStoppedHostThatWakesAnswersNothingOldAndWritesNothing() throws Exception {
    try (Cluster cluster = new Cluster(4)) {
      cluster.start(A);
      cluster.start(B);
      cluster.awaitServing(A, B);
      FileKey file = file(cluster.at(A), FileKey.ROOT, "disk");
      cluster.host(A).moveHere(List.of(file));
      write(cluster.at(A), file, 0, block(1));
      Datastore stopped = cluster.at(A);
      long verifier = stopped.writeVerifier();
      cluster.pause(A, true);
      CompletableFuture<?> late =
          stopped.write(Caller.SYSTEM, file, 0, ByteBuffer.wrap(block(2)), true);
      write(cluster.at(B), file, 0, block(3));
      byte[] target = new byte[4096];
      CompletableFuture<?> read = stopped.read(Caller.SYSTEM, file, 0, ByteBuffer.wrap(target));
      // It runs on here while it is cut off from everything: its lease is over, so it is silent,
      // or finds out who has the file now.
      assertThrows(TimeoutException.class, () -> read.get(500, TimeUnit.MILLISECONDS));
      cluster.pause(A, false);
      assertThrows(FileException.class, () -> outcome(late));
      Object _ = outcome(read);
      assertArrayEquals(block(3), target);
      assertArrayEquals(block(3), read(cluster.at(B), file, 0, 4096));
      cluster.awaitServing(A, B);
      assertArrayEquals(block(3), read(cluster.at(A), file, 0, 4096));
      assertNotEquals(verifier, stopped.writeVerifier());
    }
  }

  @Test
  void aHostThatWasDeclaredDeadRefusesChangesUntilItsMachinesAreConfirmed() throws Exception {
    ClusterSettings s = Cluster.SETTINGS;
    ClusterSettings strict =
        new ClusterSettings(
            s.lease(),
            s.renewal(),
            s.margin(),
            s.tick(),
            s.call(),
            s.route(),
            s.hold(),
            s.settle(),
            s.stopped(),
            s.residence(),
            0,
            false,
            true);
    try (Cluster cluster = new Cluster(5, strict)) {
      cluster.start(A);
      cluster.start(B);
      cluster.awaitServing(A, B);
      FileKey file = file(cluster.at(A), FileKey.ROOT, "disk");
      cluster.host(A).moveHere(List.of(file));
      cluster.pause(A, true);
      write(cluster.at(B), file, 0, block(1));
      cluster.pause(A, false);
      assertTrue(ClusterHost.await(() -> cluster.host(A).bar().closed(), Cluster.LIMIT));
      FileException refused =
          assertThrows(
              FileException.class,
              () ->
                  outcome(
                      cluster
                          .at(A)
                          .write(Caller.SYSTEM, file, 0, ByteBuffer.wrap(block(2)), true)));
      assertEquals(FileError.BUSY, refused.error());
      assertArrayEquals(block(1), read(cluster.at(A), file, 0, 4096));
      FrontBar bar = cluster.host(A).bar();
      bar.confirm(List.of(file.file()), bar.closings());
      write(cluster.at(A), file, 0, block(3));
      assertFalse(cluster.host(B).bar().closed());
    }
  }

  @Test
  void aCutOfFilesOfThreeOwnersIsOneSnapshot() throws Exception {
    try (Cluster cluster = new Cluster(6)) {
      List<String> hosts = List.of(A, B, C);
      hosts.forEach(cluster::start);
      cluster.awaitServing(A, B, C);
      List<FileKey> files =
          hosts.stream().map(host -> file(cluster.at(host), FileKey.ROOT, host)).toList();
      for (int i = 0; i < 3; i++) {
        cluster.host(hosts.get(i)).moveHere(List.of(files.get(i)));
        write(cluster.at(hosts.get(i)), files.get(i), 0, block(i));
      }
      var cut =
          patiently(
              () ->
                  cluster
                      .at(B)
                      .snapshots()
                      .cut(new CutRequest("one", files, Map.of("k", "v"), bytes("d"))));
      assertTrue(Duration.ofNanos(cut.heldNanos()).toSeconds() < 2);
      for (int i = 0; i < 3; i++) {
        write(cluster.at(hosts.get(i)), files.get(i), 0, block(10 + i));
      }
      List<Member> members = cluster.at(C).snapshots().members(cut.snapshot().id());
      assertEquals(3, members.size());
      for (int i = 0; i < 3; i++) {
        FileKey frozen = new FileKey(cut.snapshot().id(), files.get(i).file());
        assertArrayEquals(block(i), read(cluster.at(A), frozen, 0, 4096));
      }
      Object _ =
          outcome(
              cluster
                  .at(A)
                  .snapshots()
                  .restore(
                      cut.snapshot().id(), files.stream().map(FileKey::file).toList(), List.of()));
      for (int i = 0; i < 3; i++) {
        assertArrayEquals(block(i), read(cluster.at(B), files.get(i), 0, 4096));
      }
      assertEquals("one", cluster.at(B).snapshots().find("one").orElseThrow().name());
      for (String host : hosts) {
        assertEquals(List.of("one"), found(cluster.at(host), "v"));
        assertEquals(List.of(), found(cluster.at(host), "w"));
      }
    }
  }

  private static List<String> found(Datastore store, String label) {
    SnapshotQuery query =
        new SnapshotQuery(
            "O", Map.of(), List.of(new SnapshotQuery.Label("k", label)), 0, Long.MAX_VALUE);
    Snapshots.Found found = store.snapshots().search(query, 0, 10);
    assertEquals(0, found.next());
    return found.page().stream().map(Snapshots.SnapshotInfo::name).toList();
  }

  @Test
  void aFileMovesToTheHostThatCreatedItOrUsesItMuch() throws Exception {
    ClusterSettings s = Cluster.SETTINGS;
    ClusterSettings moving =
        new ClusterSettings(
            s.lease(),
            s.renewal(),
            s.margin(),
            s.tick(),
            s.call(),
            s.route(),
            s.hold(),
            s.settle(),
            s.stopped(),
            s.residence(),
            20,
            true,
            false);
    try (Cluster cluster = new Cluster(8, moving)) {
      cluster.start(A);
      cluster.start(B);
      cluster.awaitServing(A, B);
      FileKey file = file(cluster.at(A), FileKey.ROOT, "disk");
      awaitLocal(cluster, A, file);
      awaitLocal(cluster, B, file);
      awaitLocal(cluster, A, file);
    }
  }

  /** Uses a file through a host until nothing is forwarded any more. */
  private static void awaitLocal(Cluster cluster, String host, FileKey file)
      throws InterruptedException {
    assertTrue(
        ClusterHost.await(
            () -> {
              long before = cluster.host(host).forwarded();
              for (int i = 0; i < 50; i++) {
                write(cluster.at(host), file, i * 4096L, block(i));
                assertArrayEquals(block(i), read(cluster.at(host), file, i * 4096L, 4096));
              }
              // Once a second the host asks the namespace for its space.
              return cluster.host(host).forwarded() - before <= 2;
            },
            Cluster.LIMIT));
  }
}
