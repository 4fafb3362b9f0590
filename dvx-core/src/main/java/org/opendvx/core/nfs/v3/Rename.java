package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.Renamed;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** RENAME: in one step, over what is there. */
final class Rename extends Nfs3Request<Renamed> {
  private final @Nullable FileHandle fromHandle;
  private final byte[] from;
  private final @Nullable FileHandle toHandle;
  private final byte[] to;

  Rename(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.TWO_CHANGES);
    fromHandle = readHandle(in);
    from = Names.read(in);
    toHandle = readHandle(in);
    to = Names.read(in);
  }

  @Override
  boolean mustNotRepeat() {
    return true;
  }

  @Override
  public CompletableFuture<Renamed> start(ReplySpace space) {
    Export export = writableExportOf(fromHandle);
    Export target = writableExportOf(toHandle);
    FileKey fromDirectory = file(fromHandle);
    FileKey toDirectory = secondFile(toHandle);
    if (!export.equals(target)) {
      throw new Nfs3Exception(Nfs3Status.XDEV);
    }
    return datastore()
        .rename(
            caller(export),
            fromDirectory,
            Names.checkEntry(from, Nfs3Status.INVAL),
            toDirectory,
            Names.checkEntry(to, Nfs3Status.INVAL));
  }

  @Override
  CompletableFuture<Renamed> replay(RequestOutcome outcome) {
    var _ = writableExportOf(fromHandle);
    var _ = writableExportOf(toHandle);
    return datastore()
        .attributes(file(fromHandle))
        .thenCombine(
            datastore().attributes(secondFile(toHandle)),
            (one, two) -> new Renamed(new Changed(one, one), new Changed(two, two)));
  }

  @Override
  public void writeReply(Renamed renamed, ByteBuf out) {
    writeOk(out);
    writeChange(out, renamed.from());
    writeChange(out, renamed.to());
  }
}
