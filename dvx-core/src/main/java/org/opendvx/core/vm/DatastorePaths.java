package org.opendvx.core.vm;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Files of the datastore by path, for the few small things that the services do themselves. Blocks,
 * with a time limit on every step; failures are {@link DvxException}. Thread-safe.
 *
 * <p>Paths start at the datastore's root with a slash.
 */
final class DatastorePaths {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int PAGE = 1_000;

  private final Datastore datastore;

  DatastorePaths(Datastore datastore) {
    this.datastore = datastore;
  }

  /** A name in a directory. */
  record Named(String name, FileKey key, Attributes attributes) {}

  /** The file at a path, empty when there is none. */
  Optional<FileKey> find(String path) {
    FileKey key = FileKey.ROOT;
    for (String name : path.split("/", -1)) {
      if (name.isEmpty()) {
        continue;
      }
      try {
        key = get("look up " + path, datastore.lookup(Caller.SYSTEM, key, bytes(name))).key();
      } catch (FileException e) {
        if (e.error() == FileError.NOT_FOUND || e.error() == FileError.NOT_DIRECTORY) {
          return Optional.empty();
        }
        throw failed("look up", path, e);
      }
    }
    return Optional.of(key);
  }

  /** The file at a path. */
  FileKey require(String path) {
    return find(path)
        .orElseThrow(
            () ->
                DvxException.of(Kind.NOT_FOUND, "There is no file " + path + " on the datastore")
                    .cause("It was moved or deleted, or the machine's inventory is out of date")
                    .remedy("Check the machine's files in the hypervisor")
                    .detail("path", path)
                    .build());
  }

  /** Attributes of a file. */
  Attributes attributes(FileKey key, String path) {
    return done("read the attributes of", path, datastore.attributes(key));
  }

  /** Everything in a directory. */
  List<Named> list(FileKey directory, String path) {
    List<Named> all = new ArrayList<>();
    long cookie = 0;
    while (true) {
      Datastore.Listing page =
          done("list", path, datastore.list(Caller.SYSTEM, directory, cookie, PAGE));
      for (Datastore.Entry entry : page.entries()) {
        String name = new String(entry.name(), StandardCharsets.UTF_8);
        if (!name.equals(".") && !name.equals("..")) {
          all.add(new Named(name, entry.key(), entry.attributes()));
        }
        cookie = entry.cookie();
      }
      if (page.end() || page.entries().isEmpty()) {
        return all;
      }
    }
  }

  /** A small file's bytes. */
  byte[] read(FileKey key, String path, int limit) {
    Attributes attributes = attributes(key, path);
    if (attributes.type() != FileType.REGULAR || attributes.size() > limit) {
      throw DvxException.of(Kind.INVALID, path + " is too large to be what it should be")
          .cause("It has " + attributes.size() + " bytes, a file of this kind at most " + limit)
          .remedy("Check the machine's files")
          .detail("path", path)
          .build();
    }
    byte[] bytes = new byte[(int) attributes.size()];
    int at = 0;
    while (at < bytes.length) {
      ByteBuffer part = ByteBuffer.wrap(bytes, at, Math.min(Datastore.MAX_IO, bytes.length - at));
      Datastore.ReadResult result =
          done("read", path, datastore.read(Caller.SYSTEM, key, at, part.slice()));
      if (result.count() == 0) {
        break;
      }
      at += result.count();
    }
    return Arrays.copyOf(bytes, at);
  }

  /** Replaces a small file's bytes, durably. */
  void write(FileKey key, String path, byte[] bytes) {
    int at = 0;
    while (at < bytes.length) {
      int part = Math.min(Datastore.MAX_IO, bytes.length - at);
      done(
          "write",
          path,
          datastore.write(Caller.SYSTEM, key, at, ByteBuffer.wrap(bytes, at, part).slice(), false));
      at += part;
    }
    AttributeChange size = new AttributeChange(null, null, null, (long) bytes.length, null, null);
    done("set the size of", path, datastore.setAttributes(Caller.SYSTEM, key, size, null));
    done("write", path, datastore.commit(key));
  }

  /** Makes a directory that does not exist yet. */
  FileKey makeDirectory(FileKey parent, String name, String path, Attributes like) {
    AttributeChange change =
        new AttributeChange(like.mode(), like.uid(), like.gid(), null, null, null);
    return done(
            "make",
            path,
            datastore.create(
                Caller.SYSTEM,
                parent,
                bytes(name),
                Datastore.NewFile.directory(change),
                new Datastore.Existing.Refuse()))
        .key();
  }

  /** Removes a directory and the plain files in it; keeps what it cannot remove. */
  void removeTree(FileKey parent, String name, FileKey directory, String path) {
    for (Named file : list(directory, path)) {
      done(
          "remove",
          path + "/" + file.name(),
          datastore.remove(Caller.SYSTEM, directory, bytes(file.name())));
    }
    done("remove", path, datastore.removeDirectory(Caller.SYSTEM, parent, bytes(name)));
  }

  /** Waits for a step of ours; a refusal becomes an error for a person. */
  <T> T done(String action, String path, CompletableFuture<T> future) {
    try {
      return get(action + " " + path, future);
    } catch (FileException e) {
      throw failed(action, path, e);
    }
  }

  private static <T> T get(String action, CompletableFuture<T> future) {
    try {
      return future.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof FileException file) {
        throw file;
      }
      if (e.getCause() instanceof DvxException dvx) {
        throw dvx;
      }
      throw DvxException.of(Kind.INTERNAL, "Could not " + action).causedBy(e).build();
    } catch (TimeoutException e) {
      throw DvxException.of(Kind.TIMEOUT, "Could not " + action)
          .cause("No answer from the datastore within " + LIMIT.toSeconds() + " s")
          .remedy("See the node's status: a drive may hang or the pool may be full")
          .causedBy(e)
          .build();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, "Could not " + action)
          .cause("The node is stopping")
          .causedBy(e)
          .build();
    }
  }

  private static DvxException failed(String action, String path, FileException e) {
    Kind kind =
        switch (e.error()) {
          case NOT_FOUND, STALE -> Kind.NOT_FOUND;
          case EXISTS, NOT_EMPTY -> Kind.EXISTS;
          case NO_SPACE -> Kind.NO_SPACE;
          case NOT_PERMITTED, ACCESS_DENIED, READ_ONLY -> Kind.DENIED;
          case BUSY -> Kind.UNAVAILABLE;
          case IO -> e.getCause() instanceof DvxException dvx ? dvx.kind() : Kind.INTERNAL;
          default -> Kind.INVALID;
        };
    return DvxException.of(kind, "Could not " + action + " " + path)
        .causedBy(e)
        .remedy(
            kind == Kind.NO_SPACE
                ? "Delete snapshots or files, or add drives"
                : "See the node's log and `dvx status`")
        .detail("path", path)
        .detail("error", e.error())
        .build();
  }

  static byte[] bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }

  /** The directory part of a path, empty for the root. */
  static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash <= 0 ? "" : path.substring(0, slash);
  }

  /** The last part of a path. */
  static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
