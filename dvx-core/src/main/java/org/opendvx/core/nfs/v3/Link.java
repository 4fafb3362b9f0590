package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.Linked;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** LINK: one more name for a file. */
final class Link extends Nfs3Request<Linked> {
  private final @Nullable FileHandle handle;
  private final @Nullable FileHandle directoryHandle;
  private final byte[] name;

  Link(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.ATTRIBUTES_AND_CHANGE);
    handle = readHandle(in);
    directoryHandle = readHandle(in);
    name = Names.read(in);
  }

  @Override
  boolean mustNotRepeat() {
    return true;
  }

  @Override
  public CompletableFuture<Linked> start(ReplySpace space) {
    Export export = writableExportOf(handle);
    Export target = writableExportOf(directoryHandle);
    FileKey key = file(handle);
    FileKey directory = secondFile(directoryHandle);
    if (!export.equals(target)) {
      throw new Nfs3Exception(Nfs3Status.XDEV);
    }
    return datastore()
        .link(caller(export), key, directory, Names.checkEntry(name, Nfs3Status.EXIST));
  }

  @Override
  CompletableFuture<Linked> replay(RequestOutcome outcome) {
    var _ = writableExportOf(handle);
    var _ = writableExportOf(directoryHandle);
    return datastore()
        .attributes(file(handle))
        .thenCombine(
            datastore().attributes(secondFile(directoryHandle)),
            (one, two) -> new Linked(one, new Changed(two, two)));
  }

  @Override
  public void writeReply(Linked linked, ByteBuf out) {
    writeOk(out);
    writeAttributes(out, linked.file());
    writeChange(out, linked.directory());
  }
}
