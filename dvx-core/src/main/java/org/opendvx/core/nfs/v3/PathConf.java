package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.nfs.xdr.XdrReader;

/** PATHCONF: limits on names and links. */
final class PathConf extends Nfs3Request<Attributes> {
  private static final int MAX_LINKS = 65_000;

  private final @Nullable FileHandle handle;

  PathConf(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.ATTRIBUTES);
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
    writeAttributes(out, attributes);
    out.writeInt(MAX_LINKS);
    out.writeInt(Datastore.MAX_NAME);
    Xdr.writeBoolean(out, true); // long names are refused, not cut
    Xdr.writeBoolean(out, true); // only root gives files away
    Xdr.writeBoolean(out, false); // not case-insensitive
    Xdr.writeBoolean(out, true); // case-preserving
  }
}
