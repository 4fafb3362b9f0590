package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** COMMIT: makes unstable writes durable. */
final class Commit extends Nfs3Request<Changed> {
  private final @Nullable FileHandle handle;

  Commit(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.CHANGE);
    handle = readHandle(in);
    in.readLong(); // the range does not matter: all of the file is made durable
    in.readInt();
  }

  @Override
  public CompletableFuture<Changed> start(ReplySpace space) {
    var _ = writableExportOf(handle);
    return datastore().commit(file(handle));
  }

  @Override
  public void writeReply(Changed changed, ByteBuf out) {
    writeOk(out);
    writeChange(out, changed);
    out.writeLong(datastore().writeVerifier());
  }
}
