package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Datastore.SpaceReport;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** FSSTAT: space and counts. */
final class FsStat extends Nfs3Request<Attributes> {
  /** Bytes of pool that one more file is reckoned to take at least. */
  private static final long BYTES_PER_FILE = 4096;

  private final @Nullable FileHandle handle;

  FsStat(Nfs3Services services, RpcCall call, XdrReader in) {
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
    SpaceReport report = datastore().space();
    long free = Math.max(0, report.freeBytes());
    long moreFiles = free / BYTES_PER_FILE;
    writeOk(out);
    writeAttributes(out, attributes);
    out.writeLong(report.totalBytes());
    out.writeLong(free);
    out.writeLong(free);
    out.writeLong(report.files() + moreFiles);
    out.writeLong(moreFiles);
    out.writeLong(moreFiles);
    out.writeInt(0); // the figures may change at once
  }
}
