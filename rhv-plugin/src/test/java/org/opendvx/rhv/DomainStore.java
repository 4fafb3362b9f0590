package org.opendvx.rhv;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.journal.JournalSettings;
import org.opendvx.core.log.LogSettings;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.rhv.sim.HostMount;

/** A real datastore over a pool in memory, with the few blocking calls that vdsm's part needs. */
public final class DomainStore implements HostMount, AutoCloseable {
  /** As whom vdsm and qemu write. */
  private static final Caller VDSM = new Caller(36, 36, new int[] {36}, null);

  private static final DatastoreSettings SETTINGS =
      new DatastoreSettings(
          new LogSettings(4 << 20, 4 << 20, 1 << 20, 8, 2, Duration.ofSeconds(4)),
          new JournalSettings(
              64L << 20,
              Duration.ofMillis(500),
              Duration.ofSeconds(5),
              Duration.ofMillis(20),
              Duration.ofMillis(200)),
          4 << 20,
          100,
          Duration.ofHours(1),
          0.9,
          1_000_000,
          2,
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofHours(24));

  private final DvxDatastore datastore;

  /** Fresh. */
  public DomainStore() {
    datastore = DvxDatastore.format(new InMemoryPool(), KeyRing.generate(), SETTINGS, "test-host");
  }

  /** The datastore. */
  public DvxDatastore datastore() {
    return datastore;
  }

  private static <T> T get(CompletableFuture<T> future) {
    return future.orTimeout(60, TimeUnit.SECONDS).join();
  }

  private static byte[] bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }

  /** The file at a path, null when there is none. */
  public @Nullable FileKey find(String path) {
    FileKey key = FileKey.ROOT;
    for (String name : path.split("/", -1)) {
      if (!name.isEmpty()) {
        try {
          key = get(datastore.lookup(Caller.SYSTEM, key, bytes(name))).key();
        } catch (java.util.concurrent.CompletionException e) {
          if (e.getCause() instanceof FileException) {
            return null;
          }
          throw e;
        }
      }
    }
    return key;
  }

  /** The file at a path. */
  public FileKey require(String path) {
    FileKey key = find(path);
    if (key == null) {
      throw new AssertionError("no file " + path);
    }
    return key;
  }

  /** Makes a folder and those above it. */
  public FileKey folders(String path) {
    FileKey key = FileKey.ROOT;
    StringBuilder at = new StringBuilder();
    for (String name : path.split("/", -1)) {
      if (name.isEmpty()) {
        continue;
      }
      at.append('/').append(name);
      FileKey found = find(at.toString());
      key =
          found != null
              ? found
              : get(datastore.create(
                      Caller.SYSTEM,
                      key,
                      bytes(name),
                      Datastore.NewFile.directory(
                          new AttributeChange(0755, 36, 36, null, null, null)),
                      new Datastore.Existing.Refuse()))
                  .key();
    }
    return key;
  }

  /** Makes a file of a size, and the folders above it. */
  public FileKey create(String path, long size) {
    int slash = path.lastIndexOf('/');
    FileKey folder = folders(path.substring(0, slash));
    return get(datastore.create(
            VDSM,
            folder,
            bytes(path.substring(slash + 1)),
            Datastore.NewFile.regular(new AttributeChange(0660, 36, 36, size, null, null)),
            new Datastore.Existing.Refuse()))
        .key();
  }

  @Override
  public void write(String path, long offset, byte[] content) {
    FileKey key = require(path);
    for (int at = 0; at < content.length; at += Datastore.MAX_IO) {
      int part = Math.min(Datastore.MAX_IO, content.length - at);
      get(datastore.write(VDSM, key, offset + at, ByteBuffer.wrap(content, at, part), true));
    }
  }

  /** Gives a file one more name, as vdsm does with a template's volume. */
  public void link(String path, String name) {
    int slash = name.lastIndexOf('/');
    get(
        datastore.link(
            VDSM,
            require(path),
            folders(name.substring(0, slash)),
            bytes(name.substring(slash + 1))));
  }

  /** Removes a name of a file. */
  public void remove(String path) {
    int slash = path.lastIndexOf('/');
    get(
        datastore.remove(
            VDSM, require(path.substring(0, slash)), bytes(path.substring(slash + 1))));
  }

  /** Reads a whole live file. */
  public byte[] read(String path) {
    return read(require(path));
  }

  /** Reads a whole file. */
  public byte[] read(FileKey key) {
    byte[] all = new byte[Math.toIntExact(attributes(key).size())];
    int at = 0;
    while (at < all.length) {
      ByteBuffer part = ByteBuffer.wrap(all, at, Math.min(Datastore.MAX_IO, all.length - at));
      int count = get(datastore.read(Caller.SYSTEM, key, at, part.slice())).count();
      if (count == 0) {
        break;
      }
      at += count;
    }
    return Arrays.copyOf(all, at);
  }

  @Override
  public boolean exists(String path) {
    return find(path) != null;
  }

  @Override
  public void makeFolders(String path) {
    folders(path);
  }

  @Override
  public void makeFile(String path, long size) {
    create(path, size);
  }

  /** Attributes. */
  public Attributes attributes(FileKey key) {
    return get(datastore.attributes(key));
  }

  @Override
  public void removeFolder(String path) {
    FileKey folder = find(path);
    if (folder == null) {
      return;
    }
    for (Datastore.Entry entry : get(datastore.list(Caller.SYSTEM, folder, 0, 4096)).entries()) {
      String name = new String(entry.name(), StandardCharsets.UTF_8);
      if (!name.equals(".") && !name.equals("..")) {
        get(datastore.remove(Caller.SYSTEM, folder, entry.name()));
      }
    }
    int slash = path.lastIndexOf('/');
    get(
        datastore.removeDirectory(
            Caller.SYSTEM, require(path.substring(0, slash)), bytes(path.substring(slash + 1))));
  }

  @Override
  public void close() {
    datastore.close();
  }
}
