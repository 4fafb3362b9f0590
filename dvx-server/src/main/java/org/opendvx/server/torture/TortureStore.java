package org.opendvx.server.torture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.CleanerSettings;
import org.opendvx.core.codec.KeyEncryptionKey;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.pool.local.DriveCareSettings;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/** A small pool in a folder, with its keys, and the engine on it. */
final class TortureStore implements AutoCloseable {
  private static final String HOST = "torture";

  /** Drives of the pool; it stands the loss of two. */
  static final int DRIVES = 6;

  /** No drive is shut out because the machine is busy. */
  private static final Duration IO_LIMIT = Duration.ofSeconds(60);

  private static final Duration PROBE = Duration.ofMillis(100);
  private static final long SCRUB_RATE = 1L << 30;
  private static final long BALLAST = 4 << 20;

  /** Hardly any pauses, and whatever has a tenth of garbage. */
  private static final CleanerSettings BUSY =
      new CleanerSettings(
          Duration.ofMillis(50),
          Duration.ofMillis(50),
          1,
          0.5,
          1L << 40,
          64 << 20,
          32,
          1L << 30,
          0.1,
          Duration.ofSeconds(60),
          64 << 10);

  private final LocalPool pool;
  private final KeyRing keys;
  private final DvxDatastore datastore;
  private final Cleaner cleaner;

  private TortureStore(LocalPool pool, KeyRing keys, DvxDatastore datastore) {
    this.pool = pool;
    this.keys = keys;
    this.datastore = datastore;
    this.cleaner = new Cleaner(datastore.reclaim(), BUSY);
  }

  /** The folders of the drives. */
  static List<Path> drives(Path folder) {
    List<Path> drives = new ArrayList<>();
    for (int i = 0; i < DRIVES; i++) {
      drives.add(folder.resolve("drive" + i));
    }
    return drives;
  }

  /** The usual set-up of its pool. */
  static LocalPoolConfig config(Path folder, long capacity) {
    return LocalPoolConfig.of(drives(folder))
        .withJournal(8 << 20, 6)
        .withDriveCapacity(capacity)
        .withTimes(IO_LIMIT, PROBE)
        .withCare(
            DriveCareSettings.DEFAULT
                .withScrub(Duration.ZERO, SCRUB_RATE)
                .withBallast(BALLAST, Duration.ZERO));
  }

  /** Makes the pool, its keys, and an empty datastore. */
  static TortureStore format(Path folder, long capacity) throws IOException {
    try (KeyRing ring = KeyRing.generate();
        KeyEncryptionKey key = KeyEncryptionKey.createFile(folder.resolve("key"))) {
      Files.write(folder.resolve("ring"), ring.wrap(key));
    }
    LocalPoolConfig config = config(folder, capacity);
    LocalPool.create(config);
    return open(folder, config, true);
  }

  /** Opens it, recovering what a killed process left. */
  static TortureStore open(Path folder, LocalPoolConfig config) throws IOException {
    return open(folder, config, false);
  }

  private static TortureStore open(Path folder, LocalPoolConfig config, boolean fresh)
      throws IOException {
    KeyRing keys = keys(folder);
    LocalPool pool = null;
    boolean done = false;
    try {
      pool = LocalPool.open(config);
      DatastoreSettings settings = DatastoreSettings.DEFAULT;
      DvxDatastore datastore =
          fresh
              ? DvxDatastore.format(pool, keys, settings, HOST)
              : DvxDatastore.open(pool, keys, settings, HOST);
      done = true;
      return new TortureStore(pool, keys, datastore);
    } finally {
      if (!done) {
        if (pool != null) {
          pool.close();
        }
        keys.close();
      }
    }
  }

  private static KeyRing keys(Path folder) throws IOException {
    try (KeyEncryptionKey key = KeyEncryptionKey.fromFile(folder.resolve("key"))) {
      return KeyRing.unwrap(Files.readAllBytes(folder.resolve("ring")), key);
    }
  }

  LocalPool pool() {
    return pool;
  }

  DvxDatastore datastore() {
    return datastore;
  }

  Cleaner cleaner() {
    return cleaner;
  }

  @Override
  public void close() {
    try (pool;
        keys;
        datastore;
        cleaner) {
      // Closed in the order: cleaner, datastore, keys, pool.
    }
  }
}
