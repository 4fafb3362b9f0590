package org.opendvx.server.bench.rpc;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A mounted export over one connection, one call at a time: what a load needs before and after it.
 * Every call ends within the target's time limit. Not thread-safe.
 */
public final class NfsSession implements Closeable {
  private static final int PATH_LIMIT = 1024;
  private static final int UNCHECKED = 0;

  private final RpcCaller caller;
  private final InetSocketAddress address;
  private final byte[] root;

  private NfsSession(RpcCaller caller, InetSocketAddress address, byte[] root) {
    this.caller = caller;
    this.address = address;
    this.root = root;
  }

  /**
   * The sizes that a server wants to be asked for.
   *
   * @param readLimit largest READ in bytes
   * @param writeLimit largest WRITE in bytes
   */
  public record Limits(int readLimit, int writeLimit) {}

  /** A file as the server names it. */
  public static final class RemoteFile {
    private final byte[] handle;
    private final long size;

    private RemoteFile(byte[] handle, long size) {
      this.handle = handle;
      this.size = size;
    }

    /** Its file handle. */
    public byte[] handle() {
      return handle.clone();
    }

    /** Its size in bytes. */
    public long size() {
      return size;
    }
  }

  /** Finds the ports, mounts the export and proves that NFS answers. */
  public static NfsSession open(Target target) throws IOException {
    byte[] root = mount(target);
    InetSocketAddress address =
        resolve(target, portOf(target, target.nfsPort(), Nfs3.PROGRAM, Nfs3.VERSION));
    RpcCaller caller =
        RpcCaller.connect(address, target.who(), target.callLimit(), target.reservedPort());
    try {
      NfsSession session = new NfsSession(caller, address, root);
      session.ping();
      return session;
    } catch (IOException | RuntimeException e) {
      caller.close();
      throw e;
    }
  }

  private static byte[] mount(Target target) throws IOException {
    int port = portOf(target, target.mountPort(), Nfs3.MOUNT_PROGRAM, Nfs3.MOUNT_VERSION);
    try (RpcCaller mounter =
        RpcCaller.connect(
            resolve(target, port), target.who(), target.callLimit(), target.reservedPort())) {
      ByteBuffer in =
          mounter.call(
              Nfs3.MOUNT_PROGRAM,
              Nfs3.MOUNT_VERSION,
              Nfs3.MOUNT_MNT,
              out -> Xdr.putString(out, target.export()));
      check("MNT " + target.export(), Xdr.getInt(in));
      return Xdr.getOpaque(in, Nfs3.HANDLE_LIMIT);
    }
  }

  private static int portOf(Target target, int given, int program, int version) throws IOException {
    if (given != 0) {
      return given;
    }
    try (RpcCaller portmapper =
        RpcCaller.connect(
            resolve(target, Nfs3.PORTMAP_PORT), target.who(), target.callLimit(), false)) {
      ByteBuffer in =
          portmapper.call(
              Nfs3.PORTMAP_PROGRAM,
              Nfs3.PORTMAP_VERSION,
              Nfs3.PORTMAP_GETPORT,
              out -> out.putInt(program).putInt(version).putInt(Nfs3.PROTOCOL_TCP).putInt(0));
      int port = Xdr.getInt(in);
      if (port <= 0 || port > 0xFFFF) {
        throw new RpcException("the portmapper knows no port of program " + program);
      }
      return port;
    }
  }

  private static InetSocketAddress resolve(Target target, int port) throws IOException {
    InetSocketAddress address = new InetSocketAddress(target.host(), port);
    if (address.isUnresolved()) {
      throw new UnknownHostException("no address is known for '" + target.host() + "'");
    }
    return address;
  }

  /** Where the NFS program listens. */
  public InetSocketAddress address() {
    return address;
  }

  /** The export's root directory. */
  public byte[] root() {
    return root.clone();
  }

  /** Proves that the NFS program answers. */
  public void ping() throws IOException {
    caller.call(Nfs3.PROGRAM, Nfs3.VERSION, Nfs3.NULL, _ -> {});
  }

  /** Asks for the I/O sizes. */
  public Limits limits() throws IOException {
    ByteBuffer in = call("FSINFO", Nfs3.FSINFO, out -> Xdr.putOpaque(out, root));
    Nfs3.skipAttributes(in);
    int readLimit = Xdr.getInt(in);
    Xdr.skip(in, 8);
    return new Limits(readLimit, Xdr.getInt(in));
  }

  /** Looks a name up in a directory; empty when it is not there. */
  public Optional<RemoteFile> lookup(byte[] directory, String name) throws IOException {
    try {
      ByteBuffer in = call("LOOKUP " + name, Nfs3.LOOKUP, out -> putEntry(out, directory, name));
      return Optional.of(sized(Xdr.getOpaque(in, Nfs3.HANDLE_LIMIT), in));
    } catch (NfsException e) {
      if (e.status() == Nfs3.ERR_NOENT) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Walks a path of names from the root, a directory each. */
  public byte[] directory(String path) throws IOException {
    byte[] at = root;
    for (String name : path.split("/", -1)) {
      if (!name.isEmpty()) {
        byte[] parent = at;
        at = lookup(parent, name).orElseGet(() -> new RemoteFile(new byte[0], 0)).handle();
        if (at.length == 0) {
          throw new NfsException("LOOKUP " + name, Nfs3.ERR_NOENT);
        }
      }
    }
    return at.clone();
  }

  /** Makes a file, or takes the one that is there, untouched. */
  public RemoteFile create(byte[] directory, String name) throws IOException {
    ByteBuffer in =
        call(
            "CREATE " + name,
            Nfs3.CREATE,
            out -> {
              putEntry(out, directory, name);
              out.putInt(UNCHECKED);
              putMode(out, 0644);
            });
    return made(in, directory, name);
  }

  /** Makes a directory. */
  public RemoteFile makeDirectory(byte[] parent, String name) throws IOException {
    ByteBuffer in =
        call(
            "MKDIR " + name,
            Nfs3.MKDIR,
            out -> {
              putEntry(out, parent, name);
              putMode(out, 0755);
            });
    return made(in, parent, name);
  }

  private RemoteFile made(ByteBuffer in, byte[] directory, String name) throws IOException {
    if (Xdr.getBoolean(in)) {
      return sized(Xdr.getOpaque(in, Nfs3.HANDLE_LIMIT), in);
    }
    return lookup(directory, name)
        .orElseThrow(() -> new NfsException("LOOKUP " + name, Nfs3.ERR_NOENT));
  }

  /** Asks for a file's size in bytes. */
  public long size(byte[] handle) throws IOException {
    ByteBuffer in = call("GETATTR", Nfs3.GETATTR, out -> Xdr.putOpaque(out, handle));
    int start = in.position();
    Xdr.skip(in, Nfs3.ATTRIBUTES);
    return in.getLong(start + 20);
  }

  /** Sets a file's size in bytes. */
  public void resize(byte[] handle, long size) throws IOException {
    call(
        "SETATTR size",
        Nfs3.SETATTR,
        out -> {
          Xdr.putOpaque(out, handle);
          out.putInt(0).putInt(0).putInt(0);
          out.putInt(1).putLong(size);
          out.putInt(0).putInt(0).putInt(0);
        });
  }

  /** Writes FILE_SYNC and returns how many bytes the server took. */
  public int write(byte[] handle, long offset, byte[] data) throws IOException {
    ByteBuffer in =
        caller.call(
            Nfs3.PROGRAM,
            Nfs3.VERSION,
            Nfs3.WRITE,
            data.length + 128,
            out -> {
              Xdr.putOpaque(out, handle);
              out.putLong(offset).putInt(data.length).putInt(Nfs3.FILE_SYNC);
              Xdr.putOpaque(out, data);
            });
    check("WRITE", Xdr.getInt(in));
    Nfs3.skipChange(in);
    return Xdr.getInt(in);
  }

  /** Reads at most {@code count} bytes. */
  public byte[] read(byte[] handle, long offset, int count) throws IOException {
    ByteBuffer in =
        call(
            "READ",
            Nfs3.READ,
            out -> {
              Xdr.putOpaque(out, handle);
              out.putLong(offset).putInt(count);
            });
    Nfs3.skipAttributes(in);
    Xdr.skip(in, 8);
    return Xdr.getOpaque(in, count);
  }

  /** Removes a file. */
  public void remove(byte[] directory, String name) throws IOException {
    call("REMOVE " + name, Nfs3.REMOVE, out -> putEntry(out, directory, name));
  }

  /** Removes an empty directory. */
  public void removeDirectory(byte[] parent, String name) throws IOException {
    call("RMDIR " + name, Nfs3.RMDIR, out -> putEntry(out, parent, name));
  }

  private ByteBuffer call(String what, int procedure, Consumer<ByteBuffer> arguments)
      throws IOException {
    ByteBuffer in = caller.call(Nfs3.PROGRAM, Nfs3.VERSION, procedure, arguments);
    check(what, Xdr.getInt(in));
    return in;
  }

  private RemoteFile sized(byte[] handle, ByteBuffer in) throws IOException {
    Long size = Nfs3.readSize(in);
    return new RemoteFile(handle, size == null ? size(handle) : size);
  }

  private static void putEntry(ByteBuffer out, byte[] directory, String name) {
    if (name.length() > PATH_LIMIT) {
      throw new IllegalArgumentException("a name of " + name.length() + " characters");
    }
    Xdr.putOpaque(out, directory);
    Xdr.putString(out, name);
  }

  private static void putMode(ByteBuffer out, int mode) {
    out.putInt(1).putInt(mode);
    out.putInt(0).putInt(0).putInt(0).putInt(0).putInt(0);
  }

  private static void check(String call, int status) throws NfsException {
    if (status != Nfs3.OK) {
      throw new NfsException(call, status);
    }
  }

  @Override
  public void close() throws IOException {
    caller.close();
  }
}
