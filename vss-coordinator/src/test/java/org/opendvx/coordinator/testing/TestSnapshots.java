package org.opendvx.coordinator.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.opendvx.core.codec.KeyEncryptionKey;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/** A real datastore on six drive folders, which may be opened again. */
public final class TestSnapshots implements AutoCloseable {
  private final LocalPool pool;
  private final KeyRing keys;
  private final DvxDatastore datastore;

  /** Makes one below a folder, or opens the one that is there. */
  public TestSnapshots(Path folder) {
    List<Path> drives = IntStream.range(0, 6).mapToObj(i -> folder.resolve("d" + i)).toList();
    LocalPoolConfig config = LocalPoolConfig.of(drives).withDriveCapacity(1L << 30);
    Path ring = folder.resolve("keys");
    if (Files.exists(ring)) {
      keys = read(ring);
      pool = LocalPool.open(config);
      datastore = DvxDatastore.open(pool, keys, DatastoreSettings.DEFAULT, "test");
      return;
    }
    for (Path drive : drives) {
      if (!drive.toFile().mkdirs()) {
        throw new IllegalStateException("no folder " + drive);
      }
    }
    LocalPool.create(config);
    pool = LocalPool.open(config);
    keys = KeyRing.generate();
    datastore = DvxDatastore.format(pool, keys, DatastoreSettings.DEFAULT, "test");
    write(ring, keys);
  }

  private static KeyRing read(Path ring) {
    try (KeyEncryptionKey key = KeyEncryptionKey.fromFile(ring.resolveSibling("key"))) {
      return KeyRing.unwrap(Files.readAllBytes(ring), key);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void write(Path ring, KeyRing keys) {
    try (KeyEncryptionKey key = KeyEncryptionKey.createFile(ring.resolveSibling("key"))) {
      Files.write(ring, keys.wrap(key));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** It. */
  public Datastore datastore() {
    return datastore;
  }

  /** Whether the datastore's root holds this name. */
  public boolean has(String name) {
    try {
      Object _ =
          datastore
              .lookup(Caller.SYSTEM, FileKey.ROOT, name.getBytes(StandardCharsets.UTF_8))
              .join();
      return true;
    } catch (CompletionException e) {
      if (e.getCause() instanceof FileException told && told.error() == FileError.NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  /** The file below a folder that {@link #file} made. */
  public FileKey find(String folder, String name) {
    FileKey directory =
        datastore
            .lookup(Caller.SYSTEM, FileKey.ROOT, folder.getBytes(StandardCharsets.UTF_8))
            .join()
            .key();
    return datastore
        .lookup(Caller.SYSTEM, directory, name.getBytes(StandardCharsets.UTF_8))
        .join()
        .key();
  }

  /** Makes a folder with one file in it. */
  public FileKey file(String folder, String name) {
    FileKey directory =
        datastore
            .create(
                Caller.SYSTEM,
                FileKey.ROOT,
                folder.getBytes(StandardCharsets.UTF_8),
                Datastore.NewFile.directory(AttributeChange.mode(0755)),
                new Datastore.Existing.Refuse())
            .join()
            .key();
    return datastore
        .create(
            Caller.SYSTEM,
            directory,
            name.getBytes(StandardCharsets.UTF_8),
            Datastore.NewFile.regular(AttributeChange.mode(0600)),
            new Datastore.Existing.Refuse())
        .join()
        .key();
  }

  @Override
  public void close() {
    datastore.close();
    keys.close();
    pool.close();
  }
}
