package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** GETATTR: the attributes of a file. */
final class GetAttr extends Nfs3Request<Attributes> {
  private final @Nullable FileHandle handle;

  GetAttr(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.NOTHING);
    handle = readHandle(in);
  }

  @Override
  public CompletableFuture<Attributes> start(ReplySpace space) {
    var _ = exportOf(handle);
    return datastore().attributes(file(handle));
  }

  @Override
  public void writeReply(Attributes attributes, ByteBuf out) {
    writeOk(out);
    FileAttributes.write(out, attributes, fsid());
  }
}
