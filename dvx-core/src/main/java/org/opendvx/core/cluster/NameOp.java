package org.opendvx.core.cluster;

import java.nio.BufferUnderflowException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.Created;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.Found;
import org.opendvx.core.datastore.Datastore.Linked;
import org.opendvx.core.datastore.Datastore.Listing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.Datastore.Renamed;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.RequestTag;

/** An operation on names: it runs at the namespace's root. */
@SuppressWarnings("ArrayRecordComponent") // names are carried, never compared
sealed interface NameOp<R> extends FileOp<R> {
  int FIRST_CODE = 20;
  int LOOKUP = 20;
  int LIST = 21;
  int CREATE = 22;
  int REMOVE = 23;
  int RENAME = 24;
  int LINK = 25;

  @Override
  default boolean names() {
    return true;
  }

  @Override
  default boolean changes() {
    return true;
  }

  @Override
  default boolean repeatable() {
    return !changes() || tag() != null;
  }

  static FileOp<?> decode(int code, Wire.In in) {
    return switch (code) {
      case LOOKUP -> new Lookup(Values.caller(in), Values.key(in), in.getBytes());
      case LIST -> new ListNames(Values.caller(in), Values.key(in), in.getLong(), in.getInt());
      case CREATE ->
          new Create(
              Values.caller(in),
              Values.key(in),
              in.getBytes(),
              new NewFile(Values.type(in), Values.change(in), in.getBytes(), in.getLong()),
              existing(in));
      case REMOVE -> new Remove(Values.caller(in), Values.key(in), in.getBytes(), in.getBoolean());
      case RENAME ->
          new Rename(
              Values.caller(in), Values.key(in), in.getBytes(), Values.key(in), in.getBytes());
      case LINK -> new Link(Values.caller(in), Values.key(in), Values.key(in), in.getBytes());
      default -> throw new BufferUnderflowException();
    };
  }

  private static void putExisting(Wire.Out out, Existing existing) {
    switch (existing) {
      case Existing.Refuse() -> out.put(0);
      case Existing.Use() -> out.put(1);
      case Existing.Exclusive(long verifier) -> out.put(2).putLong(verifier);
    }
  }

  private static Existing existing(Wire.In in) {
    return switch (in.get()) {
      case 0 -> new Existing.Refuse();
      case 1 -> new Existing.Use();
      case 2 -> new Existing.Exclusive(in.getLong());
      default -> throw new BufferUnderflowException();
    };
  }

  private static CompletableFuture<Changed> unchanged(Datastore all, FileKey file) {
    return all.attributes(file).thenApply(now -> new Changed(now, now));
  }

  /** Finds a name. */
  record Lookup(Caller caller, FileKey key, byte[] name) implements NameOp<Found> {
    @Override
    public boolean changes() {
      return false;
    }

    @Override
    public CompletableFuture<Found> run(DvxDatastore store) {
      return store.lookup(caller, key, name);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putCaller(out.put(LOOKUP), caller);
      Values.putKey(out, key);
      out.putBytes(name);
    }

    @Override
    public void encodeResult(Found result, Wire.Out out) {
      Values.putKey(out, result.key());
      Values.putAttributes(out, result.attributes());
      Values.putAttributes(out, result.directory());
    }

    @Override
    public Found decodeResult(Wire.In in) {
      return new Found(Values.key(in), Values.attributes(in), Values.attributes(in));
    }
  }

  /** Lists a directory. */
  record ListNames(Caller caller, FileKey key, long cookie, int limit) implements NameOp<Listing> {
    @Override
    public boolean changes() {
      return false;
    }

    @Override
    public CompletableFuture<Listing> run(DvxDatastore store) {
      return store.list(caller, key, cookie, limit);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putCaller(out.put(LIST), caller);
      Values.putKey(out, key);
      out.putLong(cookie).putInt(limit);
    }

    @Override
    public void encodeResult(Listing result, Wire.Out out) {
      out.putList(result.entries(), Values::putEntry).putBoolean(result.end());
      Values.putAttributes(out, result.directory());
    }

    @Override
    public Listing decodeResult(Wire.In in) {
      return new Listing(in.getList(Values::entry), in.getBoolean(), Values.attributes(in));
    }
  }

  /** Makes a file. */
  record Create(Caller caller, FileKey key, byte[] name, NewFile file, Existing existing)
      implements NameOp<Created> {
    @Override
    public @Nullable RequestTag tag() {
      return caller.request();
    }

    @Override
    public boolean repeatable() {
      return tag() != null || existing instanceof Existing.Exclusive;
    }

    @Override
    public CompletableFuture<Created> replay(Datastore all, RequestOutcome outcome) {
      FileKey created = FileKey.live(outcome.created());
      return all.attributes(created)
          .thenCombine(
              unchanged(all, key),
              (attributes, directory) -> new Created(created, attributes, directory, true));
    }

    @Override
    public List<Name> named() {
      return List.of(Name.of(key, name));
    }

    @Override
    public CompletableFuture<Created> run(DvxDatastore store) {
      return store.create(caller, key, name, file, existing);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putCaller(out.put(CREATE), caller);
      Values.putKey(out, key);
      out.putBytes(name).put(file.type().code());
      Values.putChange(out, file.change());
      out.putBytes(file.symlink()).putLong(file.device());
      putExisting(out, existing);
    }

    @Override
    public void encodeResult(Created result, Wire.Out out) {
      Values.putKey(out, result.key());
      Values.putAttributes(out, result.attributes());
      Values.putChanged(out, result.directory());
      out.putBoolean(result.isNew());
    }

    @Override
    public Created decodeResult(Wire.In in) {
      return new Created(
          Values.key(in), Values.attributes(in), Values.changed(in), in.getBoolean());
    }
  }

  /** Removes a name. */
  record Remove(Caller caller, FileKey key, byte[] name, boolean directory)
      implements NameOp<Changed> {
    @Override
    public @Nullable RequestTag tag() {
      return caller.request();
    }

    @Override
    public CompletableFuture<Changed> replay(Datastore all, RequestOutcome outcome) {
      return unchanged(all, key);
    }

    @Override
    public List<Name> named() {
      return List.of(Name.of(key, name));
    }

    @Override
    public CompletableFuture<Changed> run(DvxDatastore store) {
      return directory ? store.removeDirectory(caller, key, name) : store.remove(caller, key, name);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putCaller(out.put(REMOVE), caller);
      Values.putKey(out, key);
      out.putBytes(name).putBoolean(directory);
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

  /** Renames. */
  record Rename(Caller caller, FileKey key, byte[] from, FileKey target, byte[] to)
      implements NameOp<Renamed> {
    @Override
    public @Nullable RequestTag tag() {
      return caller.request();
    }

    @Override
    public CompletableFuture<Renamed> replay(Datastore all, RequestOutcome outcome) {
      return unchanged(all, key).thenCombine(unchanged(all, target), Renamed::new);
    }

    @Override
    public List<Name> named() {
      return List.of(Name.of(key, from), Name.of(target, to));
    }

    @Override
    public CompletableFuture<Renamed> run(DvxDatastore store) {
      return store.rename(caller, key, from, target, to);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putCaller(out.put(RENAME), caller);
      Values.putKey(out, key);
      out.putBytes(from);
      Values.putKey(out, target);
      out.putBytes(to);
    }

    @Override
    public void encodeResult(Renamed result, Wire.Out out) {
      Values.putChanged(out, result.from());
      Values.putChanged(out, result.to());
    }

    @Override
    public Renamed decodeResult(Wire.In in) {
      return new Renamed(Values.changed(in), Values.changed(in));
    }
  }

  /** Gives a file one more name. */
  record Link(Caller caller, FileKey key, FileKey directory, byte[] name)
      implements NameOp<Linked> {
    @Override
    public @Nullable RequestTag tag() {
      return caller.request();
    }

    @Override
    public CompletableFuture<Linked> replay(Datastore all, RequestOutcome outcome) {
      CompletableFuture<Attributes> file = all.attributes(key);
      return file.thenCombine(unchanged(all, directory), Linked::new);
    }

    @Override
    public List<Name> named() {
      return List.of(Name.of(directory, name));
    }

    @Override
    public CompletableFuture<Linked> run(DvxDatastore store) {
      return store.link(caller, key, directory, name);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putCaller(out.put(LINK), caller);
      Values.putKey(out, key);
      Values.putKey(out, directory);
      out.putBytes(name);
    }

    @Override
    public void encodeResult(Linked result, Wire.Out out) {
      Values.putAttributes(out, result.file());
      Values.putChanged(out, result.directory());
    }

    @Override
    public Linked decodeResult(Wire.In in) {
      return new Linked(Values.attributes(in), Values.changed(in));
    }
  }
}
