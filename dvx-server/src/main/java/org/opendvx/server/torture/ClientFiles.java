package org.opendvx.server.torture;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Entry;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.Listing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots;

/** The files of clients in a datastore: does what a model says, and tells what differs from one. */
final class ClientFiles {
  private static final int BLOCK = 4096;
  private static final long LIMIT_SECONDS = 120;
  private static final int PAGE = 1000;

  private final Datastore store;

  ClientFiles(Datastore store) {
    this.store = store;
  }

  private static <T> T get(CompletableFuture<T> future) {
    try {
      return future.orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof FileException refused) {
        throw refused;
      }
      throw e;
    }
  }

  private static byte[] bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }

  private FileKey find(FileKey folder, String name) {
    return get(store.lookup(Caller.SYSTEM, folder, bytes(name))).key();
  }

  private FileKey file(ClientModel client, int slot) {
    return find(find(FileKey.ROOT, client.folder()), "f" + slot);
  }

  /** Makes a client's folder. */
  void makeFolder(ClientModel client) {
    Object _ =
        get(
            store.create(
                Caller.SYSTEM,
                FileKey.ROOT,
                bytes(client.folder()),
                NewFile.directory(AttributeChange.mode(0700)),
                new Existing.Refuse()));
  }

  /**
   * Does it; durable on return.
   *
   * @throws FileException when it was refused; nothing was changed then
   */
  void perform(ClientModel client, Operation operation) {
    FileKey folder = find(FileKey.ROOT, client.folder());
    Object _ =
        switch (operation) {
          case Operation.Make(int slot) ->
              get(
                  store.create(
                      Caller.SYSTEM,
                      folder,
                      bytes("f" + slot),
                      NewFile.regular(AttributeChange.mode(0600)),
                      new Existing.Refuse()));
          case Operation.Remove(int slot) ->
              get(store.remove(Caller.SYSTEM, folder, bytes("f" + slot)));
          case Operation.Write(int slot, int first, int[] contents) ->
              get(
                  store.write(
                      Caller.SYSTEM,
                      find(folder, "f" + slot),
                      (long) first * BLOCK,
                      ByteBuffer.wrap(contents(contents)),
                      true));
          case Operation.Truncate(int slot, int blocks) ->
              get(
                  store.setAttributes(
                      Caller.SYSTEM,
                      find(folder, "f" + slot),
                      new AttributeChange(null, null, null, (long) blocks * BLOCK, null, null),
                      null));
          case Operation.Cut(int slot, String snapshot) ->
              get(
                  store
                      .snapshots()
                      .cut(
                          new Snapshots.CutRequest(
                              snapshot, List.of(find(folder, "f" + slot)), Map.of(), new byte[0])));
          case Operation.Drop(String snapshot) ->
              get(store.snapshots().delete(find(FileKey.SNAPSHOTS, snapshot).snapshot()));
          case Operation.Copy(String snapshot, int slot) ->
              get(
                  store
                      .snapshots()
                      .clone(
                          Caller.SYSTEM,
                          List.of(
                              new Snapshots.CloneFile(
                                  frozen(client, snapshot), folder, bytes("f" + slot)))));
        };
  }

  private FileKey frozen(ClientModel client, String snapshot) {
    FileKey top = find(find(FileKey.SNAPSHOTS, snapshot), client.folder());
    return find(top, "f" + client.shot(snapshot).slot());
  }

  /** What differs between a model and what there is; empty when nothing does. */
  String difference(ClientModel client) {
    try {
      Set<String> wanted = new TreeSet<>();
      client.files().keySet().forEach(slot -> wanted.add("f" + slot));
      Set<String> found = names(find(FileKey.ROOT, client.folder()));
      if (!found.equals(wanted)) {
        return client.folder() + " has " + found + " instead of " + wanted;
      }
      for (Map.Entry<Integer, int[]> file : client.files().entrySet()) {
        String name = client.folder() + "/f" + file.getKey();
        String different = difference(name, file(client, file.getKey()), file.getValue());
        if (!different.isEmpty()) {
          return different;
        }
      }
      Set<String> snapshots = names(FileKey.SNAPSHOTS);
      snapshots.removeIf(name -> !name.startsWith(client.folder() + "-"));
      if (!snapshots.equals(client.snapshots().keySet())) {
        return "snapshots " + snapshots + " instead of " + client.snapshots().keySet();
      }
      for (Map.Entry<String, ClientModel.Shot> shot : client.snapshots().entrySet()) {
        String different =
            difference(shot.getKey(), frozen(client, shot.getKey()), shot.getValue().blocks());
        if (!different.isEmpty()) {
          return different;
        }
      }
      return "";
    } catch (FileException e) {
      return client.folder() + " cannot be read: " + e.getMessage();
    }
  }

  private Set<String> names(FileKey folder) {
    Set<String> names = new TreeSet<>();
    long cookie = 0;
    while (true) {
      Listing page = get(store.list(Caller.SYSTEM, folder, cookie, PAGE));
      for (Entry entry : page.entries()) {
        cookie = entry.cookie();
        String name = new String(entry.name(), StandardCharsets.UTF_8);
        if (!name.startsWith(".")) {
          names.add(name);
        }
      }
      if (page.end()) {
        return names;
      }
    }
  }

  private String difference(String what, FileKey key, int[] blocks) {
    byte[] wanted = contents(blocks);
    byte[] found = new byte[wanted.length];
    int read = 0;
    while (read < found.length) {
      Datastore.ReadResult result =
          get(
              store.read(
                  Caller.SYSTEM,
                  key,
                  read,
                  ByteBuffer.wrap(found, read, found.length - read).slice()));
      read += result.count();
      if (result.endOfFile() || result.count() == 0) {
        break;
      }
    }
    int at = Arrays.mismatch(found, wanted);
    return at < 0 ? "" : what + ": block " + at / BLOCK + " holds other bytes";
  }

  private static byte[] contents(int[] numbers) {
    byte[] bytes = new byte[numbers.length * BLOCK];
    byte[] block = new byte[BLOCK];
    for (int i = 0; i < numbers.length; i++) {
      if (numbers[i] != 0) {
        new Random(numbers[i]).nextBytes(block);
        System.arraycopy(block, 0, bytes, i * BLOCK, BLOCK);
      }
    }
    return bytes;
  }
}
