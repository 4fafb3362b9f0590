package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.ResealStatus;
import org.opendvx.core.clean.SteppedCleaner;
import org.opendvx.core.cluster.ClusterHost.Cleaning;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.DataKeys;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.LockedRing;
import org.opendvx.core.testing.SealedUnder;

/** A new data key of a pool that several hosts use, by forced orders of events. */
@Timeout(300)
final class HostKeysTest {
  private static final String A = "host-a";
  private static final String B = "host-b";
  private static final String C = "host-c";
  private static final List<String> HOSTS = List.of(A, B, C);
  private static final int BLOCKS = 40;

  @TempDir private Path folder;

  private final InMemoryPool pool = new InMemoryPool();
  private final Map<String, LockedRing> locks = new ConcurrentHashMap<>();

  /** The cleaner of whoever serves the namespace, by host. */
  private final Map<String, Cleaner> cleaners = new ConcurrentHashMap<>();

  private final Map<FileKey, Long> files = new LinkedHashMap<>();
  private int started;

  private Cluster cluster() throws InterruptedException {
    LockedRing lock = LockedRing.in(folder);
    HOSTS.forEach(host -> locks.put(host, lock.elsewhere()));
    KeyRing first = lock.make(pool);
    Cluster cluster =
        new Cluster(
            9,
            Cluster.SETTINGS,
            pool,
            host ->
                new Cleaning(
                    (store, all) -> {
                      Cleaner cleaner = SteppedCleaner.of(store, all, _ -> {});
                      cleaners.put(host, cleaner);
                      return cleaner;
                    },
                    false),
            first,
            over -> lock(HOSTS.get(started++ % HOSTS.size())).read(over));
    HOSTS.forEach(cluster::start);
    awaitAll(cluster);
    return cluster;
  }

  private LockedRing lock(String host) {
    return Objects.requireNonNull(locks.get(host));
  }

  private static void awaitAll(Cluster cluster) throws InterruptedException {
    cluster.awaitServing(HOSTS.toArray(String[]::new));
    assertTrue(
        ClusterHost.await(
            () -> HOSTS.stream().allMatch(name -> cluster.host(name).peers().size() == 2),
            Cluster.LIMIT));
  }

  private static DvxDatastore store(Cluster cluster, String host) {
    return Objects.requireNonNull(cluster.host(host).root(host), host).store();
  }

  private static DataKeys keys(Cluster cluster, String host) {
    return store(cluster, host).reclaim().keys();
  }

  /** A file of a host, whose blocks nobody else has. */
  private FileKey write(Cluster cluster, String host, String name) {
    FileKey file = Cluster.file(cluster.at(host), FileKey.ROOT, name);
    cluster.host(host).moveHere(List.of(file));
    long first = 1000L * (files.size() + 1);
    for (int i = 0; i < BLOCKS; i++) {
      Cluster.write(cluster.at(host), file, i * 4096L, Cluster.block(first + i));
    }
    files.put(file, first);
    return file;
  }

  private void look(Cluster cluster, String when) {
    for (String host : HOSTS) {
      files.forEach(
          (file, first) -> {
            byte[] all = Cluster.read(cluster.at(host), file, 0, BLOCKS * 4096);
            for (int i = 0; i < BLOCKS; i++) {
              assertArrayEquals(
                  Cluster.block(first + i),
                  java.util.Arrays.copyOfRange(all, i * 4096, (i + 1) * 4096),
                  when + ": block " + i + " of " + file + " at " + host);
            }
          });
    }
  }

  private void restart(Cluster cluster) throws InterruptedException {
    HOSTS.forEach(cluster::kill);
    started = 0;
    HOSTS.forEach(cluster::start);
    awaitAll(cluster);
  }

  private Cleaner cleaner(Cluster cluster) throws InterruptedException {
    return Objects.requireNonNull(cleaners.get(cluster.serverOf(ClusterHost.NAMESPACE)));
  }

  private static int renew(Cluster cluster) throws InterruptedException {
    return cluster.host(cluster.serverOf(ClusterHost.NAMESPACE)).renewDataKey();
  }

  /** A round, be it one that fails since a root is not served now. */
  private void round(Cluster cluster) throws InterruptedException {
    try {
      Object _ = cleaner(cluster).round();
    } catch (DvxException | IllegalStateException e) {
      Thread.sleep(50);
    }
  }

  /** Rounds until the ring in the register has a key alone. */
  private void finish(Cluster cluster, int key) throws InterruptedException {
    long end = System.nanoTime() + Cluster.LIMIT.toNanos();
    while (!lock(A).ids(pool).equals(Set.of(key))) {
      assertTrue(System.nanoTime() < end, () -> "keys " + lock(A).ids(pool));
      round(cluster);
    }
  }

  @Test
  void everythingOfAllHostsIsSealedAnewAndAllForgetTheOldKey() throws Exception {
    try (Cluster cluster = cluster()) {
      HOSTS.forEach(host -> write(cluster, host, "before-" + host));
      HOSTS.forEach(host -> store(cluster, host).checkpoint());
      KeyRing old = lock(A).stored(pool);
      assertEquals(2, renew(cluster));
      HOSTS.forEach(host -> write(cluster, host, "between-" + host));
      assertEquals(Set.of(1), SealedUnder.of(pool), "nobody seals under what is announced only");
      finish(cluster, 2);
      HOSTS.forEach(host -> assertEquals(Set.of(2), keys(cluster, host).ids(), host));
      HOSTS.forEach(host -> write(cluster, host, "after-" + host));
      HOSTS.forEach(host -> store(cluster, host).checkpoint());
      assertEquals(Set.of(2), SealedUnder.of(pool));
      look(cluster, "at once");
      restart(cluster);
      look(cluster, "after a restart");
      for (String host : HOSTS) {
        ResealStatus status = cluster.host(host).sealing();
        assertEquals(2, status.keyId(), host);
        assertFalse(status.active(), host);
      }
      assertFalse(old.dataKeyIds().contains(2));
    }
  }

  @Test
  void aKeyIsNotInForceBeforeEveryHostKnowsIt() throws Exception {
    try (Cluster cluster = cluster()) {
      HOSTS.forEach(host -> write(cluster, host, "before-" + host));
      String deaf = cluster.serverOf(ClusterHost.NAMESPACE).equals(B) ? C : B;
      lock(deaf).away(true);
      assertEquals(2, renew(cluster));
      for (int i = 0; i < 3; i++) {
        round(cluster);
      }
      // It cannot open the ring, and says so; cleaning goes on.
      ResealStatus waiting = cleaner(cluster).resealing();
      assertTrue(waiting.active(), waiting::toString);
      assertTrue(String.valueOf(waiting.trouble()).contains(deaf), waiting::toString);
      assertEquals(1, waiting.keyId());
      HOSTS.forEach(host -> write(cluster, host, "meanwhile-" + host));
      HOSTS.forEach(host -> store(cluster, host).checkpoint());
      assertEquals(Set.of(1), SealedUnder.of(pool));
      lock(deaf).away(false);
      finish(cluster, 2);
      look(cluster, "at the end");
      restart(cluster);
      look(cluster, "after a restart");
    }
  }

  /** As it would be if the order of the steps were not kept, or a call came too late. */
  @Test
  void aHostThatMeetsAKeyThatItDoesNotKnowFetchesItAndSeesNoDamage() throws Exception {
    try (Cluster cluster = cluster()) {
      DataKeys ahead = keys(cluster, A);
      assertEquals(2, ahead.announce());
      ahead.putInForce(2);
      FileKey file = write(cluster, A, "new");
      store(cluster, A).checkpoint();
      assertEquals(Set.of(1), keys(cluster, B).ids());
      // B has the file now, and reads what A sealed; it cannot open the ring at first.
      lock(B).away(true);
      FileException refused =
          assertThrows(
              FileException.class,
              () -> {
                cluster.host(B).moveHere(List.of(file));
                Object _ =
                    Cluster.outcome(
                        cluster
                            .at(B)
                            .read(Caller.SYSTEM, file, 0, ByteBuffer.wrap(new byte[4096])));
              });
      assertEquals(FileError.BUSY, refused.error(), refused::toString);
      lock(B).away(false);
      look(cluster, "when it can");
      cluster.host(B).moveHere(List.of(file));
      look(cluster, "when it has the file");
      assertEquals(Set.of(1, 2), keys(cluster, B).ids());
    }
  }

  @Test
  void aHostThatWasAwayReadsWhatOthersSealedAndTheirJournals() throws Exception {
    try (Cluster cluster = cluster()) {
      HOSTS.forEach(host -> write(cluster, host, "before-" + host));
      String away = cluster.serverOf(ClusterHost.NAMESPACE).equals(B) ? C : B;
      cluster.pause(away, true);
      String server = cluster.serverOf(ClusterHost.NAMESPACE);
      int key = 1;
      for (int i = 0; i < 2; i++) {
        int _ = renew(cluster);
        finish(cluster, ++key);
      }
      FileKey _ = write(cluster, server, "meanwhile");
      cluster.pause(away, false);
      awaitAll(cluster);
      // It may not know yet that it was away.
      assertTrue(
          ClusterHost.await(
              () ->
                  cluster.host(away).root(away) != null
                      && keys(cluster, away).ids().equals(Set.of(3)),
              Cluster.LIMIT));
      awaitAll(cluster);
      look(cluster, "when it is back");
      // What only journals have, under a key that the one who takes them over may never have read.
      FileKey _ = write(cluster, away, "in the journal");
      cluster.kill(away);
      assertFalse(cluster.serverOf(away).equals(away));
      started = HOSTS.indexOf(away);
      ClusterHost _ = cluster.start(away);
      awaitAll(cluster);
      look(cluster, "after a take-over");
      assertEquals(Set.of(3), SealedUnder.of(pool));
    }
  }

  /** Each call about keys is the last thing that happens before the host that cleans dies. */
  @Test
  void whoeverTakesOverEndsWhatWasBegun() throws Exception {
    int key = 1;
    try (Cluster cluster = cluster()) {
      HOSTS.forEach(host -> write(cluster, host, "before-" + host));
      HOSTS.forEach(host -> store(cluster, host).checkpoint());
      boolean killed = true;
      for (int crash = 1; killed; crash++) {
        String leader = cluster.serverOf(ClusterHost.NAMESPACE);
        AtomicInteger calls = new AtomicInteger();
        int at = crash;
        cluster.network.keeper(
            (_, _, call, _, _) -> {
              if (call instanceof PeerCall.Keys && calls.incrementAndGet() == at) {
                HostGate gate = cluster.gate(leader);
                if (gate != null) {
                  gate.pause(true);
                }
              }
              return false;
            });
        assertEquals(++key, renew(cluster));
        int wanted = key;
        Thread rounds =
            Thread.ofVirtual()
                .start(
                    () -> {
                      try {
                        Cleaner mine = Objects.requireNonNull(cleaners.get(leader));
                        for (int i = 0; i < 20 && lock(A).ids(pool).size() > 1; i++) {
                          Object _ = mine.round();
                        }
                      } catch (RuntimeException | InterruptedException e) {
                        // It was stopped in the middle, and is killed.
                      }
                    });
        boolean _ =
            ClusterHost.await(
                () -> calls.get() >= at || lock(A).ids(pool).equals(Set.of(wanted)), Cluster.LIMIT);
        killed = calls.get() >= at;
        cluster.network.keeper(null);
        if (killed) {
          cluster.kill(leader);
          started = HOSTS.indexOf(leader);
          ClusterHost _ = cluster.start(leader);
          awaitAll(cluster);
        }
        rounds.join();
        FileKey _ = write(cluster, HOSTS.get(crash % 3), "crash-" + crash);
        finish(cluster, key);
        look(cluster, "crash at call " + crash);
        assertEquals(Set.of(key), SealedUnder.of(pool), "crash at call " + crash);
      }
      assertTrue(key > 6, "only " + key + " keys");
      restart(cluster);
      look(cluster, "at the end");
      assertNotNull(cleaner(cluster));
    }
  }
}
