package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** SETATTR: changes attributes, also the size. */
final class SetAttr extends Nfs3Request<Changed> {
  private final @Nullable FileHandle handle;
  private final AttributeChange change;
  private final @Nullable Long guard;

  SetAttr(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.CHANGE);
    handle = readHandle(in);
    change = FileAttributes.readChange(in);
    guard = in.readBoolean() ? (Long) FileAttributes.readNanos(in) : null;
  }

  /** A late duplicate of a truncation would cut off what was written since. */
  @Override
  boolean mustNotRepeat() {
    return guard != null || change.size() != null;
  }

  @Override
  public CompletableFuture<Changed> start(ReplySpace space) {
    Export export = writableExportOf(handle);
    FileKey key = file(handle);
    Long size = change.size();
    if (size != null && (size < 0 || size > Datastore.MAX_FILE_SIZE)) {
      throw new Nfs3Exception(Nfs3Status.FBIG);
    }
    return datastore().setAttributes(caller(export), key, change, guard);
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
