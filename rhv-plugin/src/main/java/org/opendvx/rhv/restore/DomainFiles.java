package org.opendvx.rhv.restore;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** The few file operations of a restore, blocking, with a time limit on every step. Thread-safe. */
final class DomainFiles {
  private static final long LIMIT_SECONDS = 60;

  private final Datastore datastore;

  DomainFiles(Datastore datastore) {
    this.datastore = datastore;
  }

  /** The live file at a path from the datastore's root. */
  FileKey require(String path) {
    FileKey key = FileKey.ROOT;
    for (String name : path.split("/", -1)) {
      if (!name.isEmpty()) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        key = done("find " + path, datastore.lookup(Caller.SYSTEM, key, bytes)).key();
      }
    }
    return key;
  }

  /** The live file at a path, empty when there is none. */
  Optional<FileKey> find(String path) {
    try {
      return Optional.of(require(path));
    } catch (DvxException e) {
      if (e.kind() == Kind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  Attributes attributes(FileKey file) {
    return done("look at a file", datastore.attributes(file));
  }

  /** Fills an array from a place; what is beyond the end is zero. */
  byte[] read(FileKey file, long offset, int length) {
    byte[] bytes = new byte[length];
    int at = 0;
    while (at < length) {
      int part = Math.min(Datastore.MAX_IO, length - at);
      int count =
          done(
                  "read a frozen disk",
                  datastore.read(
                      Caller.SYSTEM, file, offset + at, ByteBuffer.wrap(bytes, at, part).slice()))
              .count();
      if (count == 0) {
        break;
      }
      at += count;
    }
    return bytes;
  }

  /** Writes at most {@link Datastore#MAX_IO} bytes, durable after {@link #commit}. */
  void write(FileKey file, long offset, byte[] bytes, int length) {
    done(
        "write a disk",
        datastore.write(Caller.SYSTEM, file, offset, ByteBuffer.wrap(bytes, 0, length), false));
  }

  void commit(FileKey file) {
    done("write a disk", datastore.commit(file));
  }

  void size(FileKey file, long size) {
    done(
        "set a disk's size",
        datastore.setAttributes(
            Caller.SYSTEM, file, new AttributeChange(null, null, null, size, null, null), null));
  }

  /** Gives a live file the content of a frozen one without copying. */
  void share(FileKey target, FileKey source) {
    done(
        "share a disk's content",
        datastore.snapshots().replaceContent(Caller.SYSTEM, target, source));
  }

  /** Refers to a range of a frozen file; durable after {@link #commit}. */
  void shareRange(Snapshots.Range range) {
    done(
        "share a part of a disk's content", datastore.snapshots().cloneRange(Caller.SYSTEM, range));
  }

  private static <T> T done(String what, CompletableFuture<T> future) {
    try {
      return future.orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      Throwable cause = e.getCause();
      Kind kind =
          switch (cause) {
            case FileException file when file.error() == FileError.NOT_FOUND -> Kind.NOT_FOUND;
            case FileException file when file.error() == FileError.NO_SPACE -> Kind.NO_SPACE;
            case DvxException told -> told.kind();
            case TimeoutException _ -> Kind.TIMEOUT;
            case null, default -> Kind.INTERNAL;
          };
      throw DvxException.of(kind, "Could not " + what)
          .causedBy(cause == null ? e : cause)
          .remedy("See the node's log and `dvx status`")
          .build();
    }
  }
}
