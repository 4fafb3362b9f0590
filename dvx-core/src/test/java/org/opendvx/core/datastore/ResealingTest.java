package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.ResealStatus;
import org.opendvx.core.clean.SteppedCleaner;
import org.opendvx.core.codec.KeyEncryptionKey;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.SlotSource;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.SealedUnder;

/**
 * A new data key: everything is sealed anew under it, and the old one goes when nothing is left.
 */
class ResealingTest {
  private static final int MOST_ROUNDS = 60;

  @TempDir private static Path folder;
  private static KeyEncryptionKey key = KeyEncryptionKey.fromPassphrase(new char[] {'x'});

  @BeforeAll
  static void makeKey() {
    key.close();
    key = KeyEncryptionKey.createFile(folder.resolve("key"));
  }

  /** Rings locked with the key of these tests. */
  private static final DataKeys.Lock LOCK =
      new DataKeys.Lock() {
        @Override
        public byte[] wrap(KeyRing ring) {
          return ring.wrap(key);
        }

        @Override
        public KeyRing unwrap(byte[] wrapped) {
          return KeyRing.unwrap(wrapped, key);
        }
      };

  /** A store over a pool that holds its ring, and what is known to be in it. */
  private static final class Lab {
    private final InMemoryPool pool;
    private final TestStore store;
    private final Map<FileKey, byte[]> files = new LinkedHashMap<>();

    private Lab(InMemoryPool pool, TestStore store) {
      this.pool = pool;
      this.store = store;
      store.store.reclaim().keys().lockedBy(LOCK);
    }

    static Lab fresh() {
      InMemoryPool pool = new InMemoryPool();
      try (KeyRing ring = KeyRing.generate()) {
        long _ = pool.records().put(new Epoch("setup", 1), PoolKeys.RECORD, 0, ring.wrap(key));
      }
      DvxDatastore store =
          DvxDatastore.format(pool, ring(pool), TestStore.SETTINGS, TestStore.HOST);
      return new Lab(pool, TestStore.over(store, pool));
    }

    static Lab open(InMemoryPool pool, Map<FileKey, byte[]> files) {
      return open(pool, files, ring(pool));
    }

    static Lab open(InMemoryPool pool, Map<FileKey, byte[]> files, SlotSource source) {
      DvxDatastore store =
          DvxDatastore.open(pool, ring(pool), TestStore.SETTINGS, TestStore.HOST, List.of(source));
      Lab lab = new Lab(pool, TestStore.over(store, pool));
      lab.files.putAll(files);
      return lab;
    }

    static Lab open(InMemoryPool pool, Map<FileKey, byte[]> files, KeyRing ring) {
      DvxDatastore store = DvxDatastore.open(pool, ring, TestStore.SETTINGS, TestStore.HOST);
      Lab lab = new Lab(pool, TestStore.over(store, pool));
      lab.files.putAll(files);
      return lab;
    }

    static KeyRing ring(InMemoryPool pool) {
      return KeyRing.unwrap(pool.records().get(PoolKeys.RECORD).orElseThrow().value(), key);
    }

    void write(String name, long seed, int blocks) {
      byte[] bytes = new byte[blocks * 4096];
      Random random = new Random(seed);
      for (int block = 0; block < blocks; block++) {
        byte[] half = new byte[2048];
        random.nextBytes(half);
        System.arraycopy(half, 0, bytes, block * 4096, half.length);
      }
      FileKey file = store.file(FileKey.ROOT, name);
      for (int at = 0; at < bytes.length; at += Datastore.MAX_IO) {
        int end = Math.min(bytes.length, at + Datastore.MAX_IO);
        store.write(file, at, Arrays.copyOfRange(bytes, at, end));
      }
      files.put(file, bytes);
    }

    void check(String when) {
      files.forEach((file, bytes) -> assertArrayEquals(bytes, store.readAll(file), when));
    }

    DataKeys keys() {
      return store.store.reclaim().keys();
    }

    Cleaner cleaner() {
      return SteppedCleaner.of(store.store.reclaim(), _ -> {});
    }

    /** Rounds until the old keys are gone. */
    void finish(String when) throws InterruptedException {
      try (Cleaner cleaner = cleaner()) {
        for (int i = 0; i < MOST_ROUNDS && keys().holdsOldKeys(); i++) {
          Object _ = cleaner.round();
        }
        assertFalse(keys().holdsOldKeys(), () -> when + ": " + cleaner.resealing());
      }
    }

    /** Key ids in all slots of the pool. */
    Set<Integer> sealedUnder() {
      return SealedUnder.of(pool);
    }
  }

  @Test
  void everythingIsSealedAnewAndTheOldKeyGoes() throws Exception {
    Lab lab = Lab.fresh();
    byte[] secret =
        lab.store.store.reclaim().pool().records().get(PoolKeys.RECORD).orElseThrow().value();
    lab.write("before", 1, 700);
    FileKey frozen = lab.files.keySet().iterator().next();
    Object _ = lab.store.cut("kept", frozen);
    lab.store.store.checkpoint();
    assertEquals(2, lab.keys().renew());
    assertEquals(Set.of(1, 2), lab.keys().ids());
    lab.write("after", 2, 300);
    lab.write("same as before", 1, 700);
    lab.check("while both keys are there");
    lab.finish("at rest");
    lab.check("when the old key is gone");
    assertEquals(Set.of(2), lab.keys().ids());
    assertEquals(Set.of(2), lab.sealedUnder());
    assertEquals(Set.of(2), Lab.ring(lab.pool).dataKeyIds());

    InMemoryPool crashed = lab.pool.crash();
    lab.store.store.halt();
    Lab again = Lab.open(crashed, lab.files);
    again.check("after a crash");
    again.store.close();
    KeyRing old = KeyRing.unwrap(secret, key);
    assertEquals(
        Kind.CORRUPT,
        assertThrows(DvxException.class, () -> Lab.open(crashed, lab.files, old)).kind());
  }

  @Test
  void aCrashAfterAnyChangeOfThePoolLosesNothing() throws Exception {
    Lab lab = Lab.fresh();
    lab.write("stored", 1, 300);
    lab.store.store.checkpoint();
    lab.write("in the journal", 2, 40);
    lab.pool.recordHistory();
    Map<FileKey, byte[]> files = Map.copyOf(lab.files);
    try (Cleaner cleaner = lab.cleaner()) {
      int _ = lab.keys().renew();
      lab.write("new", 3, 60);
      for (int i = 0; i < MOST_ROUNDS && lab.keys().holdsOldKeys(); i++) {
        Object _ = cleaner.round();
      }
      assertFalse(lab.keys().holdsOldKeys());
      lab.write("newer", 4, 10);
    }
    lab.store.close();
    int mutations = lab.pool.history().size();
    Set<Integer> rings = new TreeSet<>();
    for (int crash = 0; crash <= mutations; crash++) {
      String when = "crash after mutation " + crash + " of " + mutations;
      Lab after = Lab.open(lab.pool.after(crash), files);
      after.check(when);
      rings.add(after.keys().ids().hashCode());
      if (crash % 3 == 0 && after.keys().holdsOldKeys()) {
        after.finish(when);
        after.check(when + ", finished");
        assertEquals(Set.of(2), after.sealedUnder(), when);
        after = crashed(after, files);
        after.check(when + ", finished, and crashed again");
      }
      after.store.store.halt();
    }
    assertEquals(3, rings.size(), "before, between and after");
  }

  private static Lab crashed(Lab lab, Map<FileKey, byte[]> files) {
    InMemoryPool pool = lab.pool.crash();
    lab.store.store.halt();
    return Lab.open(pool, files);
  }

  @Test
  void keysChangeUnderWritersAndReaders() throws Exception {
    Lab lab = Lab.fresh();
    lab.write("base", 9, 400);
    AtomicBoolean over = new AtomicBoolean();
    Map<Integer, Map<FileKey, byte[]>> written = new LinkedHashMap<>();
    List<CompletableFuture<Void>> writers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      int writer = i;
      Map<FileKey, byte[]> mine = new LinkedHashMap<>();
      written.put(writer, mine);
      writers.add(
          CompletableFuture.runAsync(
              () -> {
                for (int n = 0; !over.get() && n < 400; n++) {
                  byte[] bytes = new byte[16 * 4096];
                  new Random(writer * 1000L + n).nextBytes(bytes);
                  FileKey file = lab.store.file(FileKey.ROOT, "w" + writer + "-" + n);
                  lab.store.write(file, 0, bytes);
                  mine.put(file, bytes);
                  assertArrayEquals(bytes, lab.store.readAll(file));
                }
              }));
    }
    try {
      for (int i = 0; i < 3; i++) {
        int _ = lab.keys().renew();
        lab.finish("renewal " + i);
        lab.check("renewal " + i);
      }
    } finally {
      over.set(true);
      writers.forEach(CompletableFuture::join);
    }
    written.values().forEach(lab.files::putAll);
    lab.check("at the end");
    lab.store.store.checkpoint();
    assertTrue(Set.of(4).containsAll(lab.sealedUnder()), () -> "keys " + lab.sealedUnder());
    Lab again = crashed(lab, lab.files);
    again.check("after a crash");
    again.store.close();
  }

  /** As flash has them, of a host that was away meanwhile. */
  @Test
  void copiesThatAnOldKeySealedAreNoDamage() throws Exception {
    Map<Long, byte[]> copies = new ConcurrentHashMap<>();
    Set<SlotSource.Verdict> verdicts = ConcurrentHashMap.newKeySet();
    SlotSource flash =
        new SlotSource() {
          @Override
          public void fetch(long[] addresses, int count, SlotSink sink) {
            for (int i = 0; i < count; i++) {
              byte[] copy = copies.get(addresses[i]);
              if (copy != null) {
                verdicts.add(sink.slot(i, copy, 0, copy.length));
              }
            }
          }

          @Override
          public void offer(long address, byte[] bytes, int offset, int length) {
            copies.putIfAbsent(address, Arrays.copyOfRange(bytes, offset, offset + length));
          }
        };
    Lab lab = Lab.fresh();
    lab.write("one", 1, 100);
    lab.store.close();
    Lab filling = Lab.open(lab.pool, lab.files, flash);
    filling.check("from the pool");
    assertTrue(copies.size() >= 100, () -> copies.size() + " copies");
    assertEquals(2, filling.keys().renew());
    filling.finish("renewal");
    filling.store.close();
    Lab back = Lab.open(filling.pool, filling.files, flash);
    back.check("beside old copies");
    assertEquals(Set.of(SlotSource.Verdict.OUTDATED), verdicts);
    back.store.close();
  }

  @Test
  void aSecondChangeBeforeTheEndOfTheFirstIsOneWork() throws Exception {
    Lab lab = Lab.fresh();
    lab.write("one", 1, 300);
    assertEquals(2, lab.keys().renew());
    try (Cleaner cleaner = lab.cleaner()) {
      Object _ = cleaner.round();
      ResealStatus begun = cleaner.resealing();
      assertTrue(begun.active());
      assertTrue(begun.containersLeft() > 0, begun::toString);
      lab.write("two", 2, 100);
      assertEquals(3, lab.keys().renew());
    }
    lab.finish("both");
    lab.check("both");
    assertEquals(Set.of(3), lab.sealedUnder());
    assertEquals(Set.of(3), lab.keys().ids());
    lab.store.close();
  }

  @Test
  void withoutTheKeyThatLocksTheRingNothingIsChanged() throws Exception {
    Lab lab = Lab.fresh();
    lab.write("one", 1, 50);
    DataKeys.Lock lost =
        new DataKeys.Lock() {
          @Override
          public byte[] wrap(KeyRing ring) {
            throw DvxException.of(Kind.NOT_FOUND, "The key file is not there").build();
          }

          @Override
          public KeyRing unwrap(byte[] wrapped) {
            return LOCK.unwrap(wrapped);
          }
        };
    lab.keys().lockedBy(lost);
    assertThrows(DvxException.class, lab.keys()::renew);
    assertEquals(Set.of(1), lab.keys().ids());
    lab.keys().lockedBy(LOCK);
    assertEquals(2, lab.keys().renew());
    lab.keys().lockedBy(lost);
    try (Cleaner cleaner = lab.cleaner()) {
      for (int i = 0; i < 10 && cleaner.resealing().trouble() == null; i++) {
        Object _ = cleaner.round();
      }
      assertEquals("The key file is not there", cleaner.resealing().trouble());
      assertTrue(lab.keys().holdsOldKeys());
      lab.keys().lockedBy(LOCK);
      Object _ = cleaner.round();
      assertFalse(cleaner.resealing().active());
    }
    lab.check("at the end");
    lab.store.close();
  }
}
