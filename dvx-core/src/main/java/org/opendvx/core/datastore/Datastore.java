package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Files and directories, asynchronously.
 *
 * <p>Thread-safe. A call completes its future before it returns whenever no disk is needed (cached
 * reads, unstable writes, look-ups in memory); else a thread of the datastore completes it, with a
 * time limit. Futures fail with {@link FileException}, unwrapped. A completed change is durable
 * unless it is an unstable write. Names are byte strings (UTF-8 by custom) of 1 to 255 bytes
 * without NUL and slash; {@code .} and {@code ..} are understood by {@link #lookup} only.
 */
public interface Datastore {

  /** Largest file: 62 TiB. */
  long MAX_FILE_SIZE = 62L << 40;

  /** Largest single read or write in bytes: 1 MiB. */
  int MAX_IO = 1 << 20;

  /** The longest name in bytes. */
  int MAX_NAME = 255;

  /** The longest symbolic link's target in bytes. */
  int MAX_SYMLINK = 4096;

  /**
   * Changes whenever unstable writes that were answered may have been lost; a client that sees it
   * change sends them again.
   */
  long writeVerifier();

  /** Whether so much is waiting for the journal that front ends should stop reading requests. */
  boolean congested();

  /** A file's attributes. Fails with STALE when the file is gone. */
  CompletableFuture<Attributes> attributes(FileKey file);

  /**
   * Changes attributes.
   *
   * @param guard nanoseconds of the change time that the caller last saw, null for no check;
   *     NOT_SYNCHRONIZED when it differs
   */
  CompletableFuture<Changed> setAttributes(
      Caller caller, FileKey file, AttributeChange change, @Nullable Long guard);

  /** Finds a name in a directory. */
  CompletableFuture<Found> lookup(Caller caller, FileKey directory, byte[] name);

  /** The target of a symbolic link. */
  CompletableFuture<byte[]> readLink(FileKey link);

  /**
   * Which of the wanted rights the caller has.
   *
   * @param wanted bits of {@link Access}
   * @return the subset that is granted
   */
  CompletableFuture<Integer> access(Caller caller, FileKey file, int wanted);

  /**
   * Reads into a buffer.
   *
   * @param target receives at most its remaining bytes (up to {@link #MAX_IO}) from its position,
   *     which does not move; it may be written by any thread until the future is complete, and
   *     holds nothing meaningful when that failed
   */
  CompletableFuture<ReadResult> read(Caller caller, FileKey file, long offset, ByteBuffer target);

  /**
   * Writes a buffer's remaining bytes (up to {@link #MAX_IO}).
   *
   * @param source read only during the call, its position does not move
   * @param stable whether the future waits for durability; an unstable write is durable after a
   *     later {@link #commit} that sees the same {@link #writeVerifier}
   */
  CompletableFuture<Changed> write(
      Caller caller, FileKey file, long offset, ByteBuffer source, boolean stable);

  /** Makes every write to the file that was answered before this call durable. */
  CompletableFuture<Changed> commit(FileKey file);

  /**
   * Creates a file, directory, link or special file.
   *
   * @param existing what to do when the name is taken
   */
  CompletableFuture<Created> create(
      Caller caller, FileKey directory, byte[] name, NewFile file, Existing existing);

  /** Removes a name that is not a directory's. */
  CompletableFuture<Changed> remove(Caller caller, FileKey directory, byte[] name);

  /** Removes an empty directory. */
  CompletableFuture<Changed> removeDirectory(Caller caller, FileKey directory, byte[] name);

  /** Renames, replacing what the target name stood for where POSIX allows it, in one step. */
  CompletableFuture<Renamed> rename(
      Caller caller, FileKey fromDirectory, byte[] from, FileKey toDirectory, byte[] to);

  /** Gives a file one more name. */
  CompletableFuture<Linked> link(Caller caller, FileKey file, FileKey directory, byte[] name);

  /**
   * Lists a directory in the order of its cookies. Entries that exist during the whole listing
   * appear exactly once, whatever else changes meanwhile; {@code .} and {@code ..} come first.
   *
   * @param cookie 0 to start, else the cookie of the last entry that was taken
   * @param limit entries wanted at the most, 1 to 4096
   */
  CompletableFuture<Listing> list(Caller caller, FileKey directory, long cookie, int limit);

  /** Space and counts, from memory. */
  SpaceReport space();

  /** Snapshots, clones and restores. */
  Snapshots snapshots();

  /**
   * What became of a request that carried a tag, if it was applied in the last minutes, also before
   * a restart.
   */
  Optional<RequestOutcome> outcome(RequestTag tag);

  /** Rights asked by {@link #access}, with the bits of the NFSv3 ACCESS procedure. */
  final class Access {
    public static final int READ = 0x01;
    public static final int LOOKUP = 0x02;
    public static final int MODIFY = 0x04;
    public static final int EXTEND = 0x08;
    public static final int DELETE = 0x10;
    public static final int EXECUTE = 0x20;

    private Access() {}
  }

  /** Attributes around a change, taken under the same lock as the change. */
  record Changed(Attributes before, Attributes after) {}

  /** A look-up's answer. */
  record Found(FileKey key, Attributes attributes, Attributes directory) {}

  /**
   * A read's answer.
   *
   * @param count bytes read
   * @param endOfFile whether the last byte read is the file's last, or the offset is beyond it
   */
  record ReadResult(int count, boolean endOfFile, Attributes attributes) {}

  /**
   * A creation's answer.
   *
   * @param isNew false when the name was taken and that was allowed
   */
  record Created(FileKey key, Attributes attributes, Changed directory, boolean isNew) {}

  /** A rename's answer. */
  record Renamed(Changed from, Changed to) {}

  /** A link's answer. */
  record Linked(Attributes file, Changed directory) {}

  /** One page of a directory. */
  record Listing(java.util.List<Entry> entries, boolean end, Attributes directory) {}

  /** A directory entry. {@code cookie} is never 0 and stays the same while the name exists. */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record Entry(byte[] name, FileKey key, long cookie, Attributes attributes) {}

  /**
   * What a request did.
   *
   * @param created the file that it created or found, 0 when none
   */
  record RequestOutcome(long created) {}

  /** What {@link #create} does when the name exists. */
  sealed interface Existing {
    /** Fails with EXISTS. */
    record Refuse() implements Existing {}

    /** Uses a regular file as it is, setting only the size if one is given. */
    record Use() implements Existing {}

    /**
     * NFS EXCLUSIVE: uses it if it was created with the same verifier, else EXISTS.
     *
     * @param verifier the client's 64 bits, kept with the file until its attributes are set
     */
    record Exclusive(long verifier) implements Existing {}
  }

  /**
   * What to create.
   *
   * @param change mode, owner, size and times; missing owner ids are the caller's
   * @param symlink the target, empty unless the type is SYMLINK
   * @param device see {@link Attributes#device}
   */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record NewFile(FileType type, AttributeChange change, byte[] symlink, long device) {
    private static final byte[] NONE = {};

    /** A regular file. */
    public static NewFile regular(AttributeChange change) {
      return new NewFile(FileType.REGULAR, change, NONE, 0);
    }

    /** A directory. */
    public static NewFile directory(AttributeChange change) {
      return new NewFile(FileType.DIRECTORY, change, NONE, 0);
    }
  }

  /**
   * Space in bytes and what reduction saves.
   *
   * @param totalBytes usable by containers
   * @param freeBytes what may still be stored, after reserves; as containers store it
   * @param logicalWritten bytes of chunks written by clients since the pool was created, zero
   *     blocks and re-written ones included
   * @param uniqueWritten of them not found by dedupe
   * @param storedWritten what those took after compression and sealing
   * @param files live files, directories and links
   */
  record SpaceReport(
      long totalBytes,
      long freeBytes,
      long logicalWritten,
      long uniqueWritten,
      long storedWritten,
      long files) {}
}
