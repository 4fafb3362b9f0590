package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.codec.KeyEncryptionKey;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.PoolKeys;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** A new wrapping key takes the place of the old one in one step, whatever happens meanwhile. */
@Timeout(120)
class KeyRotationTest {
  @TempDir private Path folder;

  private static boolean opens(SimPool sim, KeyEncryptionKey key) {
    byte[] blob = sim.pool().records().get(PoolKeys.RECORD).orElseThrow().value();
    try {
      KeyRing.unwrap(blob, key).close();
      return true;
    } catch (DvxException e) {
      assertEquals(Kind.DENIED, e.kind());
      return false;
    }
  }

  @Test
  void atEveryMomentOneOfTheTwoKeysOpensThePool() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    int before = 0;
    int after = 0;
    try (KeyEncryptionKey old = KeyEncryptionKey.createFile(folder.resolve("old.key"));
        KeyEncryptionKey fresh = KeyEncryptionKey.createFile(folder.resolve("new.key"));
        KeyRing ring = KeyRing.generate()) {
      for (int at = 1; at <= 60; at++) {
        try (SimPool sim = SimPool.create(6)) {
          long _ = sim.pool().records().put(SimPool.EPOCH, PoolKeys.RECORD, 0, ring.wrap(old));
          AtomicInteger left = new AtomicInteger(at);
          for (SimDisk disk : sim.disks()) {
            disk.setFaults(
                (op, name) -> {
                  boolean counts = name.contains("keyring") && op != SimDisk.Op.READ;
                  if ((counts ? left.decrementAndGet() : left.get()) <= 0) {
                    throw new IOException("the process is dead");
                  }
                });
          }
          boolean acknowledged = false;
          try {
            PoolKeys.rewrap(sim.pool().records(), SimPool.EPOCH, old, fresh);
            acknowledged = true;
          } catch (DvxException e) {
            assertNotEquals(Kind.DENIED, e.kind());
          }
          if (random.nextBoolean()) {
            sim.losePower(random);
          } else {
            sim.kill();
          }
          sim.disks().forEach(disk -> disk.setFaults((_, _) -> {}));
          LocalPool _ = sim.open();
          boolean isNew = opens(sim, fresh);
          assertNotEquals(isNew, opens(sim, old), "crash " + at);
          assertTrue(isNew || !acknowledged, "crash " + at);
          before += isNew ? 0 : 1;
          after += isNew ? 1 : 0;
        }
      }
    }
    System.out.println(before + " crashes left the old key, " + after + " the new one");
    assertTrue(before > 5 && after > 5);
  }

  @Test
  void aWrongKeyChangesNothing() {
    try (KeyEncryptionKey old = KeyEncryptionKey.createFile(folder.resolve("old.key"));
        KeyEncryptionKey wrong = KeyEncryptionKey.createFile(folder.resolve("wrong.key"));
        KeyRing ring = KeyRing.generate();
        SimPool sim = SimPool.create(3)) {
      long version = sim.pool().records().put(SimPool.EPOCH, PoolKeys.RECORD, 0, ring.wrap(old));
      DvxException refused =
          assertThrows(
              DvxException.class,
              () -> PoolKeys.rewrap(sim.pool().records(), SimPool.EPOCH, wrong, old));
      assertEquals(Kind.DENIED, refused.kind());
      assertEquals(version, sim.pool().records().get(PoolKeys.RECORD).orElseThrow().version());
    }
  }
}
