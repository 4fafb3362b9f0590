package org.opendvx.server.bench.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.CleanerSettings;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.pool.PoolStatus.Capacity;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/** A node's engine with its cleaner over drive folders, which are removed with it. */
final class EngineLab implements AutoCloseable {
  private static final int DRIVES = 6;
  private static final long LIMIT_SECONDS = 120;

  private final Path root;
  private final KeyRing keys = KeyRing.generate();
  private final LocalPool pool;
  private final DvxDatastore store;
  private final Cleaner cleaner;

  /**
   * Makes the pool; the cleaner is not started.
   *
   * @param folder where its folder is made
   * @param driveBytes what the pool may use of each of six drives
   */
  EngineLab(Path folder, long driveBytes) throws IOException {
    root = Files.createTempDirectory(Files.createDirectories(folder), "engine");
    List<Path> roots = new ArrayList<>();
    for (int i = 0; i < DRIVES; i++) {
      roots.add(root.resolve("drive" + i));
    }
    LocalPoolConfig config = LocalPoolConfig.of(roots).withDriveCapacity(driveBytes);
    LocalPool.create(config);
    pool = LocalPool.open(config);
    store = DvxDatastore.format(pool, keys, DatastoreSettings.DEFAULT, "bench");
    cleaner = new Cleaner(store.reclaim(), CleanerSettings.DEFAULT);
  }

  DvxDatastore store() {
    return store;
  }

  Cleaner cleaner() {
    return cleaner;
  }

  Capacity capacity() {
    return pool.status().capacity();
  }

  /** Makes an empty file. */
  FileKey file(String name) {
    return store
        .create(
            Caller.SYSTEM,
            FileKey.ROOT,
            name.getBytes(StandardCharsets.UTF_8),
            Datastore.NewFile.regular(AttributeChange.mode(0600)),
            new Datastore.Existing.Refuse())
        .orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS)
        .join()
        .key();
  }

  @Override
  public void close() throws IOException {
    cleaner.close();
    store.close();
    pool.close();
    keys.close();
    try (var files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
