package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** RMDIR: takes an empty directory away. */
final class RmDir extends Nfs3Request<Changed> {
  private final @Nullable FileHandle handle;
  private final byte[] name;

  RmDir(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.CHANGE);
    handle = readHandle(in);
    name = Names.read(in);
  }

  @Override
  boolean mustNotRepeat() {
    return true;
  }

  @Override
  public CompletableFuture<Changed> start(ReplySpace space) {
    Export export = writableExportOf(handle);
    FileKey directory = file(handle);
    byte[] checked =
        Names.checkEntry(name, Names.isDot(name) ? Nfs3Status.INVAL : Nfs3Status.NOTEMPTY);
    return datastore().removeDirectory(caller(export), directory, checked);
  }

  @Override
  CompletableFuture<Changed> replay(RequestOutcome outcome) {
    var _ = writableExportOf(handle);
    return datastore().attributes(file(handle)).thenApply(now -> new Changed(now, now));
  }

  @Override
  public void writeReply(Changed changed, ByteBuf out) {
    writeOk(out);
    writeChange(out, changed);
  }
}
