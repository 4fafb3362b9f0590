package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.nfs.xdr.XdrReader;

/** NFSv3 and MOUNT calls with decoded replies. */
final class Nfs3TestClient implements AutoCloseable {
  static final int NFS = 100003;
  static final int MOUNT = 100005;
  static final Consumer<ByteBuf> NO_ARGUMENTS = _ -> {};

  /** A sattr3 that sets nothing. */
  static final Consumer<ByteBuf> NO_CHANGE = out -> out.writeZero(24);

  final RpcTestClient rpc;

  /** Decoded fattr3; times in nanoseconds. */
  record Fattr(
      int type,
      int mode,
      int links,
      int uid,
      int gid,
      long size,
      long used,
      long device,
      long fsid,
      long file,
      long accessed,
      long modified,
      long changed) {}

  /** A reply: status, and what follows it. */
  record Result(int status, XdrReader body) {
    Result ok() {
      assertEquals(0, status, "NFS status");
      return this;
    }

    /** A post_op_attr. */
    @Nullable Fattr attributes() {
      return body.readBoolean() ? readFattr(body) : null;
    }

    /** A wcc_data's attributes after; those before are skipped. */
    @Nullable Fattr change() {
      if (body.readBoolean()) {
        body.takePadded(24);
      }
      return attributes();
    }

    byte[] handle() {
      return body.readOpaque(64);
    }
  }

  /** A directory entry of READDIR or READDIRPLUS. */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record Entry(long file, String name, long cookie, @Nullable Fattr attributes, byte[] handle) {}

  /** One page of a directory. */
  record Page(List<Entry> entries, boolean end, long verifier) {}

  Nfs3TestClient(int port) throws IOException {
    rpc = new RpcTestClient(port);
  }

  Nfs3TestClient as(int uid, int gid) {
    rpc.as(uid, gid);
    return this;
  }

  Result call(int procedure, Consumer<ByteBuf> arguments) throws IOException {
    RpcTestClient.Reply reply = rpc.call(NFS, 3, procedure, arguments);
    assertEquals(0, reply.state(), "accept state");
    return new Result(reply.body().readInt(), reply.body());
  }

  Result mount(String path) throws IOException {
    RpcTestClient.Reply reply = rpc.call(MOUNT, 3, 1, out -> Xdr.writeOpaque(out, bytes(path)));
    assertEquals(0, reply.state(), "accept state");
    return new Result(reply.body().readInt(), reply.body());
  }

  /** The handle of a mounted export. */
  byte[] root(String path) throws IOException {
    return mount(path).ok().handle();
  }

  Fattr getAttributes(byte[] handle) throws IOException {
    return readFattr(call(1, out -> Xdr.writeOpaque(out, handle)).ok().body());
  }

  Result setAttributes(byte[] handle, Consumer<ByteBuf> change, @Nullable Long guard)
      throws IOException {
    return call(
        2,
        out -> {
          Xdr.writeOpaque(out, handle);
          change.accept(out);
          Xdr.writeBoolean(out, guard != null);
          if (guard != null) {
            writeTime(out, guard);
          }
        });
  }

  Result lookup(byte[] directory, String name) throws IOException {
    return call(3, where(directory, name));
  }

  /** Looks up a name that must be there. */
  byte[] find(byte[] directory, String name) throws IOException {
    return lookup(directory, name).ok().handle();
  }

  Result read(byte[] handle, long offset, int count) throws IOException {
    return call(
        6,
        out -> {
          Xdr.writeOpaque(out, handle);
          out.writeLong(offset).writeInt(count);
        });
  }

  /** The data of a read that must succeed. */
  byte[] data(byte[] handle, long offset, int count) throws IOException {
    Result result = read(handle, offset, count).ok();
    result.attributes();
    result.body().readLong();
    return result.body().readOpaque(1 << 20);
  }

  Result write(byte[] handle, long offset, byte[] data, int stable) throws IOException {
    return call(7, write(handle, offset, data.length, data, stable));
  }

  static Consumer<ByteBuf> write(byte[] handle, long offset, int count, byte[] data, int stable) {
    return out -> {
      Xdr.writeOpaque(out, handle);
      out.writeLong(offset).writeInt(count).writeInt(stable);
      Xdr.writeOpaque(out, data);
    };
  }

  /** CREATE; how is 0 unchecked or 1 guarded. */
  Result create(byte[] directory, String name, int how, Consumer<ByteBuf> change)
      throws IOException {
    return call(8, create(directory, name, how).andThen(change));
  }

  static Consumer<ByteBuf> create(byte[] directory, String name, int how) {
    return where(directory, name).andThen(out -> out.writeInt(how));
  }

  /** A new regular file. */
  byte[] newFile(byte[] directory, String name) throws IOException {
    Result result = create(directory, name, 1, NO_CHANGE).ok();
    result.body().readBoolean();
    return result.handle();
  }

  Result exclusive(byte[] directory, String name, long verifier) throws IOException {
    return create(directory, name, 2, out -> out.writeLong(verifier));
  }

  Result makeDirectory(byte[] directory, String name) throws IOException {
    return call(9, where(directory, name).andThen(NO_CHANGE));
  }

  /** A new directory. */
  byte[] newDirectory(byte[] directory, String name) throws IOException {
    Result result = makeDirectory(directory, name).ok();
    result.body().readBoolean();
    return result.handle();
  }

  Result remove(byte[] directory, String name) throws IOException {
    return call(12, where(directory, name));
  }

  Result rename(byte[] from, String name, byte[] to, String newName) throws IOException {
    return call(14, where(from, name).andThen(where(to, newName)));
  }

  Result link(byte[] file, byte[] directory, String name) throws IOException {
    return call(15, handle(file).andThen(where(directory, name)));
  }

  /** READDIR. */
  Page names(byte[] directory, long cookie, int count) throws IOException {
    Result result =
        call(
                16,
                handle(directory)
                    .andThen(out -> out.writeLong(cookie).writeLong(0).writeInt(count)))
            .ok();
    return page(result, false);
  }

  /** READDIRPLUS. */
  Page entries(byte[] directory, long cookie, int nameBytes, int count) throws IOException {
    Result result =
        call(
                17,
                handle(directory)
                    .andThen(
                        out ->
                            out.writeLong(cookie).writeLong(0).writeInt(nameBytes).writeInt(count)))
            .ok();
    return page(result, true);
  }

  /** All entries but {@code .} and {@code ..}, by READDIRPLUS. */
  List<Entry> all(byte[] directory) throws IOException {
    List<Entry> all = new ArrayList<>();
    long cookie = 0;
    Page page;
    do {
      page = entries(directory, cookie, 8192, 32_768);
      all.addAll(page.entries());
      cookie = page.entries().isEmpty() ? cookie : page.entries().getLast().cookie();
    } while (!page.end());
    all.removeIf(entry -> entry.name().equals(".") || entry.name().equals(".."));
    return all;
  }

  private static Page page(Result result, boolean plus) {
    result.attributes();
    XdrReader body = result.body();
    long verifier = body.readLong();
    List<Entry> entries = new ArrayList<>();
    while (body.readBoolean()) {
      long file = body.readLong();
      String name = new String(body.readOpaque(255), StandardCharsets.UTF_8);
      long cookie = body.readLong();
      Fattr attributes = plus ? result.attributes() : null;
      byte[] handle = plus && body.readBoolean() ? body.readOpaque(64) : new byte[0];
      entries.add(new Entry(file, name, cookie, attributes, handle));
    }
    return new Page(entries, body.readBoolean(), verifier);
  }

  static Consumer<ByteBuf> handle(byte[] handle) {
    return out -> Xdr.writeOpaque(out, handle);
  }

  /** A diropargs3. */
  static Consumer<ByteBuf> where(byte[] directory, String name) {
    return out -> {
      Xdr.writeOpaque(out, directory);
      Xdr.writeOpaque(out, bytes(name));
    };
  }

  /** A sattr3; null leaves one as it is. */
  static Consumer<ByteBuf> change(
      @Nullable Integer mode, @Nullable Integer uid, @Nullable Long size) {
    return out -> {
      Xdr.writeBoolean(out, mode != null);
      if (mode != null) {
        out.writeInt(mode);
      }
      Xdr.writeBoolean(out, uid != null);
      if (uid != null) {
        out.writeInt(uid);
      }
      out.writeInt(0);
      Xdr.writeBoolean(out, size != null);
      if (size != null) {
        out.writeLong(size);
      }
      out.writeInt(0).writeInt(0);
    };
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void writeTime(ByteBuf out, long nanos) {
    out.writeInt((int) (nanos / 1_000_000_000L)).writeInt((int) (nanos % 1_000_000_000L));
  }

  static Fattr readFattr(XdrReader in) {
    return new Fattr(
        in.readInt(),
        in.readInt(),
        in.readInt(),
        in.readInt(),
        in.readInt(),
        in.readLong(),
        in.readLong(),
        in.readLong(),
        in.readLong(),
        in.readLong(),
        time(in),
        time(in),
        time(in));
  }

  private static long time(XdrReader in) {
    return Integer.toUnsignedLong(in.readInt()) * 1_000_000_000L + in.readInt();
  }

  @Override
  public void close() throws IOException {
    rpc.close();
  }
}
