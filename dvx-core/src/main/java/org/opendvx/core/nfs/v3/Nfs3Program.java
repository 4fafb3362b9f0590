package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBufUtil;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.nfs.rpc.NullRequest;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.rpc.RpcProgram;
import org.opendvx.core.nfs.rpc.RpcRequest;
import org.opendvx.core.nfs.xdr.XdrReader;

/** The NFS program, version 3, with its 22 procedures. */
public final class Nfs3Program implements RpcProgram {
  /** The program's number. */
  public static final int NUMBER = 100003;

  /** The names of its procedures, by number. */
  private static final String[] NAMES = {
    "NULL", "GETATTR", "SETATTR", "LOOKUP", "ACCESS", "READLINK", "READ", "WRITE", "CREATE",
    "MKDIR", "SYMLINK", "MKNOD", "REMOVE", "RMDIR", "RENAME", "LINK", "READDIR", "READDIRPLUS",
    "FSSTAT", "FSINFO", "PATHCONF", "COMMIT"
  };

  private static final int VERSION = 3;

  private final Nfs3Services services;

  /** Serves the procedures with these services. */
  public Nfs3Program(Nfs3Services services) {
    this.services = services;
  }

  @Override
  public int number() {
    return NUMBER;
  }

  @Override
  public int lowestVersion() {
    return VERSION;
  }

  @Override
  public int highestVersion() {
    return VERSION;
  }

  @Override
  public String procedureName(int procedure) {
    return procedure >= 0 && procedure < NAMES.length ? NAMES[procedure] : "UNKNOWN";
  }

  @Override
  public @Nullable RpcRequest<?> decode(RpcCall call, XdrReader in) {
    if (call.procedure() == 0) {
      return new NullRequest();
    }
    int start = in.position();
    Nfs3Request<?> request = create(call, in);
    return request != null && request.mustNotRepeat()
        ? remembered(call, in, start, request)
        : request;
  }

  private RpcRequest<?> remembered(RpcCall call, XdrReader in, int start, Nfs3Request<?> request) {
    byte[] arguments = ByteBufUtil.getBytes(in.buffer(), start, in.position() - start);
    return new RememberedRequest<>(services, request, services.tags().of(call, arguments));
  }

  private @Nullable Nfs3Request<?> create(RpcCall call, XdrReader in) {
    return switch (call.procedure()) {
      case 1 -> new GetAttr(services, call, in);
      case 2 -> new SetAttr(services, call, in);
      case 3 -> new Lookup(services, call, in);
      case 4 -> new Access(services, call, in);
      case 5 -> new ReadLink(services, call, in);
      case 6 -> new Read(services, call, in);
      case 7 -> new Write(services, call, in);
      case 8 -> new Create(services, call, in);
      case 9 -> new MkDir(services, call, in);
      case 10 -> new SymLink(services, call, in);
      case 11 -> new MkNod(services, call, in);
      case 12 -> new Remove(services, call, in);
      case 13 -> new RmDir(services, call, in);
      case 14 -> new Rename(services, call, in);
      case 15 -> new Link(services, call, in);
      case 16 -> new ReadDir(services, call, in);
      case 17 -> new ReadDirPlus(services, call, in);
      case 18 -> new FsStat(services, call, in);
      case 19 -> new FsInfo(services, call, in);
      case 20 -> new PathConf(services, call, in);
      case 21 -> new Commit(services, call, in);
      default -> null;
    };
  }
}
