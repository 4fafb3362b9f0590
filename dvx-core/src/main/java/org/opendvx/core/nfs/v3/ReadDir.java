package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore.Entry;
import org.opendvx.core.datastore.Datastore.Listing;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.nfs.xdr.XdrReader;

/** READDIR: names of a directory. */
final class ReadDir extends Nfs3Request<Listing> {
  /** Status, attributes, verifier, end mark, end of directory. */
  private static final int FIXED = 4 + FileAttributes.POST_SIZE + 8 + 4 + 4;

  private static final int SMALLEST_ENTRY = 4 + 8 + 8 + 8;

  private final @Nullable FileHandle handle;
  private final long cookie;
  private final long verifier;
  private final int count;

  ReadDir(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.ATTRIBUTES);
    handle = readHandle(in);
    cookie = in.readLong();
    verifier = in.readLong();
    count = Directories.clampBytes(in.readInt());
  }

  @Override
  public CompletableFuture<Listing> start(ReplySpace space) {
    Export export = exportOf(handle);
    FileKey directory = file(handle);
    Directories.checkVerifier(cookie, verifier);
    int limit = Directories.entries(count, SMALLEST_ENTRY);
    CompletableFuture<Listing> listing = datastore().list(caller(export), directory, cookie, limit);
    return Directories.staysInside(services(), export, directory, listing);
  }

  @Override
  public int replyBound(Listing listing) {
    return Math.min(count, FIXED + listing.entries().size() * Directories.LARGEST_NAME_ENTRY)
        + SMALL_REPLY;
  }

  @Override
  public void writeReply(Listing listing, ByteBuf out) {
    int start = out.writerIndex();
    writeOk(out);
    writeAttributes(out, listing.directory());
    out.writeLong(Directories.VERIFIER);
    int room = count - FIXED;
    int written = 0;
    for (Entry entry : listing.entries()) {
      int size = 4 + 8 + Xdr.opaqueSize(entry.name().length) + 8;
      if (size > room) {
        break;
      }
      room -= size;
      written++;
      out.writeInt(1);
      Directories.writeName(out, entry);
    }
    if (written == 0 && !listing.entries().isEmpty()) {
      out.writerIndex(start);
      writeRefusal(out, Nfs3Status.TOOSMALL);
      writeAttributes(out, listing.directory());
      return;
    }
    out.writeInt(0);
    Xdr.writeBoolean(out, listing.end() && written == listing.entries().size());
  }
}
