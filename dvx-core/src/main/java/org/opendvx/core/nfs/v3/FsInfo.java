package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** FSINFO: what the server can do. */
final class FsInfo extends Nfs3Request<Attributes> {
  private static final int MULTIPLE = 4096;
  private static final int DIRECTORY_BYTES = 64 << 10;
  private static final int HARD_LINKS = 0x01;
  private static final int SYMBOLIC_LINKS = 0x02;
  private static final int HOMOGENEOUS = 0x08;
  private static final int CAN_SET_TIME = 0x10;

  private final @Nullable FileHandle handle;

  FsInfo(Nfs3Services services, RpcCall call, XdrReader in) {
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
    out.writeInt(Datastore.MAX_IO).writeInt(Datastore.MAX_IO).writeInt(MULTIPLE); // reads
    out.writeInt(Datastore.MAX_IO).writeInt(Datastore.MAX_IO).writeInt(MULTIPLE); // writes
    out.writeInt(DIRECTORY_BYTES);
    out.writeLong(Datastore.MAX_FILE_SIZE);
    out.writeInt(0).writeInt(1); // times are kept to the nanosecond
    out.writeInt(HARD_LINKS | SYMBOLIC_LINKS | HOMOGENEOUS | CAN_SET_TIME);
  }
}
