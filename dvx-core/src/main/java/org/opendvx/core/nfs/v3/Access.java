package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** ACCESS: which rights the caller has. */
final class Access extends Nfs3Request<Access.Answer> {
  private static final int CHANGES =
      Datastore.Access.MODIFY | Datastore.Access.EXTEND | Datastore.Access.DELETE;

  private final @Nullable FileHandle handle;
  private final int wanted;

  /** Rights and attributes. */
  record Answer(int granted, Attributes attributes) {}

  Access(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.ATTRIBUTES);
    handle = readHandle(in);
    wanted = in.readInt();
  }

  @Override
  public CompletableFuture<Answer> start(ReplySpace space) {
    Export export = exportOf(handle);
    FileKey key = file(handle);
    int possible = export.readOnly() ? wanted & ~CHANGES : wanted;
    return datastore()
        .access(caller(export), key, possible)
        .thenCombine(datastore().attributes(key), Answer::new);
  }

  @Override
  public void writeReply(Answer answer, ByteBuf out) {
    writeOk(out);
    writeAttributes(out, answer.attributes());
    out.writeInt(answer.granted());
  }
}
