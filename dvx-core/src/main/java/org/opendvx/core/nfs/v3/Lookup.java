package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore.Found;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** LOOKUP: finds a name in a directory. */
final class Lookup extends Nfs3Request<Found> {
  private final @Nullable FileHandle handle;
  private final byte[] name;
  private int exportId;

  Lookup(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.ATTRIBUTES);
    handle = readHandle(in);
    name = Names.read(in);
  }

  @Override
  public CompletableFuture<Found> start(ReplySpace space) {
    Export export = exportOf(handle);
    exportId = export.id();
    FileKey directory = file(handle);
    byte[] wanted = staysInside(export, directory) ? name : new byte[] {'.'};
    return datastore().lookup(caller(export), directory, Names.check(wanted));
  }

  /** An export's own directory has none above it. */
  private boolean staysInside(Export export, FileKey directory) {
    return !Names.isDotDot(name) || !directory.equals(services().roots().root(export));
  }

  @Override
  public void writeReply(Found found, ByteBuf out) {
    writeOk(out);
    services().handles().write(out, exportId, found.key());
    writeAttributes(out, found.attributes());
    writeAttributes(out, found.directory());
  }
}
