package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** WRITE: straight from the received buffer. */
final class Write extends Nfs3Request<Changed> {
  private static final int MOST_STABLE = 2;
  private static final int UNSTABLE = 0;
  private static final int FILE_SYNC = 2;

  private final @Nullable FileHandle handle;
  private final long offset;
  private final int count;
  private final boolean stable;
  private final ByteBuffer data;
  private final long verifier;
  private int taken;

  Write(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.CHANGE);
    handle = readHandle(in);
    offset = in.readLong();
    count = in.readInt();
    stable = in.readEnum(MOST_STABLE) != UNSTABLE;
    data = in.viewOpaque(in.remaining());
    // Taken before the write: if unstable data is lost after it, the client must see a change.
    verifier = services.datastore().writeVerifier();
  }

  @Override
  public CompletableFuture<Changed> start(ReplySpace space) {
    Export export = writableExportOf(handle);
    FileKey key = file(handle);
    if (count != data.remaining()) {
      throw new Nfs3Exception(Nfs3Status.INVAL);
    }
    taken = Math.min(count, Datastore.MAX_IO);
    if (offset < 0 || offset > Datastore.MAX_FILE_SIZE - taken) {
      throw new Nfs3Exception(Nfs3Status.FBIG);
    }
    return datastore().write(caller(export), key, offset, data.limit(taken), stable);
  }

  @Override
  public void writeReply(Changed changed, ByteBuf out) {
    writeOk(out);
    writeChange(out, changed);
    out.writeInt(taken);
    out.writeInt(stable ? FILE_SYNC : UNSTABLE);
    out.writeLong(verifier);
  }
}
