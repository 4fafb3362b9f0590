package org.opendvx.core.cluster;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.ReadResult;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.RequestTag;

/**
 * An operation on a file's content or attributes: it runs where the file is owned. What is in a
 * snapshot is the namespace's.
 */
sealed interface ContentOp<R> extends FileOp<R> {
  int GET = 1;
  int SET = 2;
  int ACCESS = 3;
  int READ_LINK = 4;
  int READ = 5;
  int WRITE = 6;
  int COMMIT = 7;

  @Override
  default boolean names() {
    return key().frozen() || key().file() <= FileKey.SNAPSHOTS_DIRECTORY;
  }

  @Override
  default boolean changes() {
    return false;
  }

  @Override
  default boolean repeatable() {
    return true;
  }

  static FileOp<?> decode(int code, Wire.In in) {
    return switch (code) {
      case GET -> new Get(Values.key(in));
      case SET ->
          new Set(
              Values.caller(in),
              Values.key(in),
              Values.change(in),
              in.getOptional(Wire.In::getLong));
      case ACCESS -> new Access(Values.caller(in), Values.key(in), in.getInt());
      case READ_LINK -> new ReadLink(Values.key(in));
      case READ -> new Read(Values.caller(in), Values.key(in), in.getLong(), length(in), null);
      case WRITE ->
          new Write(
              Values.caller(in),
              Values.key(in),
              in.getLong(),
              ByteBuffer.wrap(in.getBytes()),
              in.getBoolean());
      case COMMIT -> new Commit(Values.key(in));
      default -> throw new BufferUnderflowException();
    };
  }

  private static int length(Wire.In in) {
    int length = in.getInt();
    if (length < 0 || length > Datastore.MAX_IO) {
      throw new BufferUnderflowException();
    }
    return length;
  }

  /** Attributes. */
  record Get(FileKey key) implements ContentOp<Attributes> {
    @Override
    public CompletableFuture<Attributes> run(DvxDatastore store) {
      return store.attributes(key);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putKey(out.put(GET), key);
    }

    @Override
    public void encodeResult(Attributes result, Wire.Out out) {
      Values.putAttributes(out, result);
    }

    @Override
    public Attributes decodeResult(Wire.In in) {
      return Values.attributes(in);
    }
  }

  /** Sets attributes. */
  record Set(Caller caller, FileKey key, AttributeChange change, @Nullable Long guard)
      implements ContentOp<Changed> {
    @Override
    public boolean changes() {
      return true;
    }

    @Override
    public boolean repeatable() {
      return tag() != null;
    }

    @Override
    public @Nullable RequestTag tag() {
      return caller.request();
    }

    @Override
    public CompletableFuture<Changed> replay(Datastore all, RequestOutcome outcome) {
      return all.attributes(key).thenApply(now -> new Changed(now, now));
    }

    @Override
    public CompletableFuture<Changed> run(DvxDatastore store) {
      return store.setAttributes(caller, key, change, guard);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putCaller(out.put(SET), caller);
      Values.putKey(out, key);
      Values.putChange(out, change);
      out.putOptional(guard, Wire.Out::putLong);
    }

    @Override
    public void encodeResult(Changed result, Wire.Out out) {
      Values.putChanged(out, result);
    }

    @Override
    public Changed decodeResult(Wire.In in) {
      return Values.changed(in);
    }
  }

  /** Rights. */
  record Access(Caller caller, FileKey key, int wanted) implements ContentOp<Integer> {
    @Override
    public CompletableFuture<Integer> run(DvxDatastore store) {
      return store.access(caller, key, wanted);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putCaller(out.put(ACCESS), caller);
      Values.putKey(out, key);
      out.putInt(wanted);
    }

    @Override
    public void encodeResult(Integer result, Wire.Out out) {
      out.putInt(result);
    }

    @Override
    public Integer decodeResult(Wire.In in) {
      return in.getInt();
    }
  }

  /** The target of a symbolic link. */
  record ReadLink(FileKey key) implements ContentOp<byte[]> {
    @Override
    public CompletableFuture<byte[]> run(DvxDatastore store) {
      return store.readLink(key);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putKey(out.put(READ_LINK), key);
    }

    @Override
    public void encodeResult(byte[] result, Wire.Out out) {
      out.putBytes(result);
    }

    @Override
    public byte[] decodeResult(Wire.In in) {
      return in.getBytes();
    }
  }

  /**
   * What a read gave: the bytes, and the rest of the answer.
   *
   * @param bytes null when they are in the reader's own buffer
   */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record Bytes(byte @Nullable [] bytes, ReadResult result) {}

  /**
   * Reads.
   *
   * @param target the reader's buffer, for a read at once on this host; else null
   */
  record Read(Caller caller, FileKey key, long offset, int length, @Nullable ByteBuffer target)
      implements ContentOp<Bytes> {

    @Override
    public long asks() {
      return length;
    }

    /** Into a buffer of its own: the reader may have given up when this is done. */
    @Override
    public FileOp<Bytes> detached() {
      return new Read(caller, key, offset, length, null);
    }

    @Override
    public CompletableFuture<Bytes> run(DvxDatastore store) {
      if (target != null) {
        return store.read(caller, key, offset, target).thenApply(result -> new Bytes(null, result));
      }
      byte[] bytes = new byte[length];
      return store
          .read(caller, key, offset, ByteBuffer.wrap(bytes))
          .thenApply(result -> new Bytes(bytes, result));
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putCaller(out.put(READ), caller);
      Values.putKey(out, key);
      out.putLong(offset).putInt(length);
    }

    @Override
    public void encodeResult(Bytes read, Wire.Out out) {
      out.putBoolean(read.result().endOfFile());
      Values.putAttributes(out, read.result().attributes());
      byte[] bytes = Objects.requireNonNull(read.bytes(), "a peer's read has no other buffer");
      out.putBytes(Arrays.copyOf(bytes, read.result().count()));
    }

    @Override
    public Bytes decodeResult(Wire.In in) {
      boolean end = in.getBoolean();
      Attributes attributes = Values.attributes(in);
      byte[] bytes = in.getBytes();
      return new Bytes(bytes, new ReadResult(bytes.length, end, attributes));
    }
  }

  /** Writes. Not repeated when its fate is unknown: another write may have come after it. */
  record Write(Caller caller, FileKey key, long offset, ByteBuffer source, boolean stable)
      implements ContentOp<Changed> {
    @Override
    public boolean changes() {
      return true;
    }

    @Override
    public boolean repeatable() {
      return false;
    }

    @Override
    public boolean borrows() {
      return true;
    }

    /** A copy; what leaves this process is stable, so that it depends on no verifier but ours. */
    @Override
    public FileOp<Changed> detached() {
      ByteBuffer copy = ByteBuffer.allocate(source.remaining());
      copy.put(0, source, source.position(), source.remaining());
      return new Write(caller, key, offset, copy, true);
    }

    @Override
    public CompletableFuture<Changed> run(DvxDatastore store) {
      return store.write(caller, key, offset, source, stable);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putCaller(out.put(WRITE), caller);
      Values.putKey(out, key);
      out.putLong(offset).putBuffer(source).putBoolean(stable);
    }

    @Override
    public void encodeResult(Changed result, Wire.Out out) {
      Values.putChanged(out, result);
    }

    @Override
    public Changed decodeResult(Wire.In in) {
      return Values.changed(in);
    }
  }

  /** Makes writes durable. */
  record Commit(FileKey key) implements ContentOp<Changed> {
    @Override
    public CompletableFuture<Changed> run(DvxDatastore store) {
      return store.commit(key);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putKey(out.put(COMMIT), key);
    }

    @Override
    public void encodeResult(Changed result, Wire.Out out) {
      Values.putChanged(out, result);
    }

    @Override
    public Changed decodeResult(Wire.In in) {
      return Values.changed(in);
    }
  }
}
