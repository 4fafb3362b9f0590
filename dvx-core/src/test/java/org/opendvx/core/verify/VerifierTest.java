package org.opendvx.core.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/** A verification is clean on a sound store, and tells of what is not. */
class VerifierTest {
  private static final int BLOCK = 64 << 10;

  @TempDir private Path folder;

  private final KeyRing keys = KeyRing.generate();

  private LocalPoolConfig config() {
    List<Path> roots = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      roots.add(folder.resolve("drive" + i));
    }
    return LocalPoolConfig.of(roots).withDriveCapacity(1L << 30).withJournal(4 << 20, 8);
  }

  private static void fill(DvxDatastore store, long seed) throws Exception {
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    FileKey file =
        store
            .create(
                Caller.SYSTEM,
                FileKey.ROOT,
                "file".getBytes(StandardCharsets.UTF_8),
                Datastore.NewFile.regular(AttributeChange.mode(0644)),
                new Datastore.Existing.Refuse())
            .get(60, TimeUnit.SECONDS)
            .key();
    for (int i = 0; i < 300; i++) {
      byte[] bytes = new byte[BLOCK];
      random.nextBytes(bytes);
      store
          .write(
              Caller.SYSTEM,
              file,
              (long) random.nextInt(200) * BLOCK,
              ByteBuffer.wrap(bytes),
              i % 50 == 0)
          .get(60, TimeUnit.SECONDS);
    }
    store.commit(file).get(60, TimeUnit.SECONDS);
  }

  private static VerifyReport verify(DvxDatastore store, LocalPool pool) throws Exception {
    return new Verifier(store.reclaim(), pool.care(), (_, _) -> {}).run();
  }

  @Test
  void aSoundStoreIsCleanAndDamageIsTold() throws Exception {
    LocalPoolConfig config = config();
    LocalPool.create(config);
    try (LocalPool pool = LocalPool.open(config);
        DvxDatastore store =
            DvxDatastore.format(pool, keys, DatastoreSettings.DEFAULT, "host-a", List.of())) {
      fill(store, System.nanoTime());
      VerifyReport clean = verify(store, pool);
      assertTrue(clean.clean(), clean::toString);
      assertTrue(clean.references() > 1000, clean::toString);
      assertTrue(clean.slots() >= clean.references(), clean::toString);

      List<Path> shards = shards();
      // Parity, which no walk reads: so nothing repairs it before the verifier comes to it.
      List<Path> parity = shards.stream().filter(VerifierTest::isParity).toList();
      flip(parity.get(new Random().nextInt(parity.size())), 5000);
      VerifyReport one = verify(store, pool);
      assertEquals(1, one.problems(), one::toString);
      assertTrue(one.details().getFirst().contains("checksum"), one::toString);

      scrub(pool);

      // Data: a walk may read it, and so have it repaired, before the verifier comes to it.
      List<Path> data = shards.stream().filter(shard -> !isParity(shard)).toList();
      flip(data.get(new Random().nextInt(data.size())), 5000);
      VerifyReport other = verify(store, pool);
      assertTrue(other.problems() <= 1, other::toString);

      scrub(pool);
      assertTrue(verify(store, pool).clean());

      // Every shard of one container: what is in it is lost, and roots refer to it.
      String id = shards.getLast().getFileName().toString().substring(0, 12);
      for (Path shard : shards) {
        if (shard.getFileName().toString().startsWith(id)) {
          Files.delete(shard);
        }
      }
      VerifyReport lost = verify(store, pool);
      assertFalse(lost.clean());
      assertTrue(
          lost.details().stream().anyMatch(text -> text.contains(Long.toString(hex(id)))),
          lost::toString);
    }
  }

  private static void scrub(LocalPool pool) throws InterruptedException {
    long before = pool.care().status().scrub().finishedMillis();
    pool.care().scrub();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (pool.care().status().scrub().finishedMillis() <= before) {
      assertTrue(System.nanoTime() - deadline < 0, "the scrub does not end");
      Thread.sleep(20);
    }
  }

  /** By its name: {@code <id>.<attempt>.<k><m>.<shard>.<length>}, shards from k on are parity. */
  private static boolean isParity(Path shard) {
    String[] parts = shard.getFileName().toString().split("\\.", -1);
    return hex(parts[3]) >= hex(parts[2].substring(0, 1));
  }

  private static long hex(String id) {
    return Long.parseLong(id, 16);
  }

  private List<Path> shards() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> file.toString().contains("/containers/"))
          .sorted()
          .toList();
    }
  }

  private static void flip(Path file, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at] ^= 4;
    Files.write(file, bytes, StandardOpenOption.TRUNCATE_EXISTING);
  }
}
