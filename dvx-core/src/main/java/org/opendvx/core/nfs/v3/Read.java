package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.ReadResult;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.nfs.xdr.XdrReader;

/** READ: straight into the reply. */
final class Read extends Nfs3Request<ReadResult> {
  /** Status, attributes, count, end of file, length. */
  private static final int BEFORE_DATA = 4 + FileAttributes.POST_SIZE + 12;

  private final @Nullable FileHandle handle;
  private final long offset;
  private final int count;

  Read(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.ATTRIBUTES);
    handle = readHandle(in);
    offset = in.readLong();
    count = in.readInt();
  }

  @Override
  public CompletableFuture<ReadResult> start(ReplySpace space) {
    Export export = exportOf(handle);
    FileKey key = file(handle);
    long from = offset < 0 ? Long.MAX_VALUE : offset;
    int wanted = count < 0 ? Datastore.MAX_IO : Math.min(count, Datastore.MAX_IO);
    ByteBuffer target = space.reserve(BEFORE_DATA, wanted);
    return datastore().read(caller(export), key, from, target);
  }

  @Override
  public void writeReply(ReadResult result, ByteBuf out) {
    int got = result.count();
    writeOk(out);
    writeAttributes(out, result.attributes());
    out.writeInt(got);
    out.writeInt(result.endOfFile() ? 1 : 0);
    out.writeInt(got);
    out.writerIndex(out.writerIndex() + got); // the data is there
    out.writeZero(Xdr.padding(got));
  }
}
