package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.Datastore.Created;
import org.opendvx.core.datastore.Datastore.Entry;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.Listing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.Datastore.ReadResult;
import org.opendvx.core.datastore.Snapshots.Cut;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.core.journal.JournalSettings;
import org.opendvx.core.log.LogSettings;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.testing.InMemoryPool;

/** A datastore for tests with blocking calls: each fails with the operation's own exception. */
final class TestStore implements AutoCloseable {
  static final String HOST = "host-a";
  static final KeyRing KEYS = KeyRing.generate();
  private static final long LIMIT_SECONDS = 60;

  /** Small caches, no checkpoints by time, and those freeze in very small steps. */
  static final DatastoreSettings SETTINGS =
      new DatastoreSettings(
          new LogSettings(4 << 20, 4 << 20, 1 << 20, 8, 2, Duration.ofSeconds(4)),
          new JournalSettings(
              32L << 20,
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

  final DvxDatastore store;
  final Pool pool;

  private TestStore(DvxDatastore store, Pool pool) {
    this.store = store;
    this.pool = pool;
  }

  static TestStore fresh() {
    return format(new InMemoryPool());
  }

  static TestStore format(Pool pool) {
    return new TestStore(DvxDatastore.format(pool, KEYS, SETTINGS, HOST), pool);
  }

  static TestStore open(Pool pool) {
    return open(pool, SETTINGS);
  }

  static TestStore open(Pool pool, DatastoreSettings settings) {
    return new TestStore(DvxDatastore.open(pool, KEYS, settings, HOST), pool);
  }

  /** Blocking calls on a store that was opened elsewhere. */
  static TestStore over(DvxDatastore store, Pool pool) {
    return new TestStore(store, pool);
  }

  /** The process dies and starts again. */
  TestStore crash() {
    InMemoryPool after = ((InMemoryPool) pool).crash();
    store.halt();
    return open(after);
  }

  /** A clean stop and a start. */
  TestStore restart() {
    store.close();
    return open(pool);
  }

  static <T> T get(CompletableFuture<T> future) {
    try {
      return future.orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof FileException refused) {
        throw refused;
      }
      if (e.getCause() instanceof TimeoutException) {
        throw new AssertionError("no answer in " + LIMIT_SECONDS + " s", e);
      }
      throw e;
    }
  }

  static byte[] name(String text) {
    return Bytes.utf8(text);
  }

  FileKey file(FileKey directory, String name) {
    return create(Caller.SYSTEM, directory, name, NewFile.regular(AttributeChange.mode(0644)))
        .key();
  }

  FileKey directory(FileKey directory, String name) {
    return create(Caller.SYSTEM, directory, name, NewFile.directory(AttributeChange.mode(0755)))
        .key();
  }

  Created create(Caller caller, FileKey directory, String name, NewFile file) {
    return get(store.create(caller, directory, name(name), file, new Existing.Refuse()));
  }

  void write(FileKey file, long offset, byte[] bytes) {
    get(store.write(Caller.SYSTEM, file, offset, ByteBuffer.wrap(bytes), true));
  }

  byte[] read(FileKey file, long offset, int length) {
    byte[] bytes = new byte[length];
    int done = 0;
    while (done < length) {
      ByteBuffer target = ByteBuffer.wrap(bytes, done, Math.min(length - done, Datastore.MAX_IO));
      ReadResult result = get(store.read(Caller.SYSTEM, file, offset + done, target.slice()));
      done += result.count();
      if (result.endOfFile() || result.count() == 0) {
        break;
      }
    }
    return java.util.Arrays.copyOf(bytes, done);
  }

  byte[] readAll(FileKey file) {
    return read(file, 0, Math.toIntExact(attributes(file).size()));
  }

  Attributes attributes(FileKey file) {
    return get(store.attributes(file));
  }

  void truncate(FileKey file, long size) {
    get(
        store.setAttributes(
            Caller.SYSTEM, file, new AttributeChange(null, null, null, size, null, null), null));
  }

  FileKey lookup(FileKey directory, String name) {
    return get(store.lookup(Caller.SYSTEM, directory, name(name))).key();
  }

  /** The names in a directory but the synthetic ones, by pages. */
  List<String> names(FileKey directory, int page) {
    List<String> names = new ArrayList<>();
    long cookie = 0;
    while (true) {
      Listing listing = get(store.list(Caller.SYSTEM, directory, cookie, page));
      for (Entry entry : listing.entries()) {
        cookie = entry.cookie();
        String name = new String(entry.name(), java.nio.charset.StandardCharsets.UTF_8);
        if (!name.equals(".") && !name.equals("..") && !name.equals(".snapshots")) {
          names.add(name);
        }
      }
      if (listing.end()) {
        return names;
      }
    }
  }

  Cut cut(String name, FileKey... files) {
    return get(
        store
            .snapshots()
            .cut(new CutRequest(name, List.of(files), Map.of("kind", "test"), new byte[] {1, 2})));
  }

  @Override
  public void close() {
    store.close();
  }
}
