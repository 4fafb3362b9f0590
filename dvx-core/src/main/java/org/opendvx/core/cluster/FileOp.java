package org.opendvx.core.cluster;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.RequestTag;

/**
 * An operation that runs at the root that owns a file, or at the namespace's, here or on a peer.
 *
 * @param <R> its result
 */
sealed interface FileOp<R> permits ContentOp, NameOp, SnapshotOp {

  /** The file that it is about; decides where it runs unless {@link #names}. */
  FileKey key();

  /** Whether it runs at the namespace's root. */
  boolean names();

  /** Whether it changes anything for a client. */
  boolean changes();

  /** Whether it may be run again when nobody knows whether it was run. */
  boolean repeatable();

  /** The names in directories that it changes, if it changes any. */
  default List<Name> named() {
    return List.of();
  }

  /** A name in a directory. */
  record Name(long directory, String name) {
    /** Of bytes that need not be text: each stands for one character. */
    static Name of(FileKey directory, byte[] name) {
      return new Name(directory.file(), new String(name, StandardCharsets.ISO_8859_1));
    }
  }

  /** Runs it. */
  CompletableFuture<R> run(DvxDatastore store);

  /** Names the request if it must not be applied twice. */
  default @Nullable RequestTag tag() {
    return null;
  }

  /**
   * The result of a request that was applied before.
   *
   * @param all answers for files of every root
   */
  default CompletableFuture<R> replay(Datastore all, RequestOutcome outcome) {
    throw new IllegalStateException("only what has a tag is remembered");
  }

  /** Itself, independent of buffers that are the caller's. */
  default FileOp<R> detached() {
    return this;
  }

  /** Whether {@link #detached} must be called before the call returns. */
  default boolean borrows() {
    return false;
  }

  /** Writes its code and its arguments. */
  void encode(Wire.Out out);

  /** Writes a result. */
  void encodeResult(R result, Wire.Out out);

  /** Reads a result. */
  R decodeResult(Wire.In in);

  /** Reads an operation. */
  static FileOp<?> decode(Wire.In in) {
    int code = in.get();
    if (code < NameOp.FIRST_CODE) {
      return ContentOp.decode(code, in);
    }
    return code < SnapshotOp.FIRST_CODE ? NameOp.decode(code, in) : SnapshotOp.decode(code, in);
  }
}
