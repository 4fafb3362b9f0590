package org.opendvx.core.nfs.access;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Finds the directories that exports stand for, and makes them. Thread-safe. */
public final class ExportRoots {
  private static final long PREPARE_SECONDS = 60;

  private final Datastore datastore;
  private final Map<Integer, FileKey> roots = new ConcurrentHashMap<>();

  /** Over a datastore. */
  public ExportRoots(Datastore datastore) {
    this.datastore = datastore;
  }

  /**
   * Makes an export's directory if it is missing and gives it the owner that the export prescribes.
   * Blocks.
   */
  public void prepare(Export export) {
    try {
      FileKey root = FileKey.ROOT;
      for (byte[] name : names(export.directory())) {
        root = await(findOrMake(root, name));
      }
      Attributes attributes = await(datastore.attributes(root));
      if (attributes.type() != FileType.DIRECTORY) {
        throw new FileException(FileError.NOT_DIRECTORY, "it is not a directory");
      }
      Export.Owner owner = export.owner();
      if (owner != null && (attributes.uid() != owner.uid() || attributes.gid() != owner.gid())) {
        AttributeChange change =
            new AttributeChange(null, owner.uid(), owner.gid(), null, null, null);
        await(datastore.setAttributes(Caller.SYSTEM, root, change, null));
      }
      roots.put(export.id(), root);
    } catch (FileException | TimeoutException e) {
      throw DvxException.of(Kind.UNAVAILABLE, "Export \"" + export.path() + "\" cannot be served")
          .causedBy(e)
          .detail("directory", export.directory())
          .build();
    }
  }

  /** The directory of an export, which was {@link #prepare}d or {@link #find}ed. */
  public @Nullable FileKey root(Export export) {
    return roots.get(export.id());
  }

  /**
   * Looks up a directory for a mount.
   *
   * @param below path below the export's own directory, in the form of {@link #names}
   */
  public CompletableFuture<FileKey> find(Export export, String below) {
    return walk(FileKey.ROOT, names(export.directory()), 0)
        .thenCompose(
            root -> {
              roots.put(export.id(), root);
              return walk(root, names(below), 0);
            });
  }

  private CompletableFuture<FileKey> walk(FileKey from, List<byte[]> names, int index) {
    if (index == names.size()) {
      return CompletableFuture.completedFuture(from);
    }
    return datastore
        .lookup(Caller.SYSTEM, from, names.get(index))
        .thenCompose(found -> walk(found.key(), names, index + 1));
  }

  private CompletableFuture<FileKey> findOrMake(FileKey directory, byte[] name) {
    return datastore
        .lookup(Caller.SYSTEM, directory, name)
        .thenApply(Datastore.Found::key)
        .exceptionallyCompose(
            failure ->
                errorOf(failure) == FileError.NOT_FOUND
                    ? make(directory, name)
                    : CompletableFuture.failedFuture(failure));
  }

  private CompletableFuture<FileKey> make(FileKey directory, byte[] name) {
    NewFile file = NewFile.directory(AttributeChange.mode(0755));
    return datastore
        .create(Caller.SYSTEM, directory, name, file, new Existing.Refuse())
        .thenApply(Datastore.Created::key);
  }

  /** The parts of a path; empty parts are skipped. */
  static List<byte[]> names(String path) {
    return List.of(path.split("/", -1)).stream()
        .filter(part -> !part.isEmpty())
        .map(part -> part.getBytes(StandardCharsets.UTF_8))
        .toList();
  }

  private static @Nullable FileError errorOf(Throwable failure) {
    Throwable cause = failure instanceof FileException ? failure : failure.getCause();
    return cause instanceof FileException refused ? refused.error() : null;
  }

  private static <T> T await(CompletableFuture<T> future) throws TimeoutException {
    try {
      return future.get(PREPARE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FileException(FileError.BUSY, "interrupted", e);
    } catch (ExecutionException e) {
      Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
      throw cause instanceof FileException refused
          ? refused
          : new FileException(FileError.IO, "the datastore failed", cause);
    }
  }
}
