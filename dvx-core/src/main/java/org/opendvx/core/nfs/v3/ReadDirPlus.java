package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore.Entry;
import org.opendvx.core.datastore.Datastore.Listing;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.handle.FileHandles;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.nfs.xdr.XdrReader;

/** READDIRPLUS: names of a directory with attributes and handles. */
final class ReadDirPlus extends Nfs3Request<Listing> {
  /** Status, attributes, verifier, end mark, end of directory. */
  private static final int FIXED = 4 + FileAttributes.POST_SIZE + 8 + 4 + 4;

  /** What an entry carries beyond its name. */
  private static final int MORE = FileAttributes.POST_SIZE + 4 + FileHandles.WIRE_SIZE;

  private static final int SMALLEST_ENTRY = 4 + 8 + 8 + 8 + MORE;

  private final @Nullable FileHandle handle;
  private final long cookie;
  private final long verifier;
  private final int nameBytes;
  private final int count;
  private int exportId;

  ReadDirPlus(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.ATTRIBUTES);
    handle = readHandle(in);
    cookie = in.readLong();
    verifier = in.readLong();
    nameBytes = Directories.clampBytes(in.readInt());
    count = Directories.clampBytes(in.readInt());
  }

  @Override
  public CompletableFuture<Listing> start(ReplySpace space) {
    Export export = exportOf(handle);
    exportId = export.id();
    FileKey directory = file(handle);
    Directories.checkVerifier(cookie, verifier);
    int limit = Directories.entries(count, SMALLEST_ENTRY);
    CompletableFuture<Listing> listing = datastore().list(caller(export), directory, cookie, limit);
    return Directories.staysInside(services(), export, directory, listing);
  }

  @Override
  public int replyBound(Listing listing) {
    int entries = listing.entries().size() * (Directories.LARGEST_NAME_ENTRY + MORE);
    return Math.min(count, FIXED + entries) + SMALL_REPLY;
  }

  @Override
  public void writeReply(Listing listing, ByteBuf out) {
    int start = out.writerIndex();
    writeOk(out);
    writeAttributes(out, listing.directory());
    out.writeLong(Directories.VERIFIER);
    int room = count - FIXED;
    int nameRoom = nameBytes;
    int written = 0;
    for (Entry entry : listing.entries()) {
      int name = 8 + Xdr.opaqueSize(entry.name().length) + 8;
      if (4 + name + MORE > room || (name > nameRoom && written > 0)) {
        break;
      }
      room -= 4 + name + MORE;
      nameRoom -= name;
      written++;
      out.writeInt(1);
      Directories.writeName(out, entry);
      writeAttributes(out, entry.attributes());
      out.writeInt(1);
      services().handles().write(out, exportId, entry.key());
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
