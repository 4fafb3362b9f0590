package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.Created;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.xdr.XdrReader;

/** What CREATE, MKDIR, SYMLINK and MKNOD share: where the new file goes, and the reply. */
final class NewEntry {
  private final Nfs3Request<Created> request;
  private final @Nullable FileHandle handle;
  private final byte[] name;
  private int exportId;

  /** Reads a diropargs3. */
  NewEntry(Nfs3Request<Created> request, XdrReader in) {
    this.request = request;
    this.handle = request.readHandle(in);
    this.name = Names.read(in);
  }

  CompletableFuture<Created> create(Function<Export, NewFile> file, Existing existing) {
    Export export = request.writableExportOf(handle);
    exportId = export.id();
    FileKey directory = request.file(handle);
    byte[] checked = Names.checkEntry(name, Nfs3Status.EXIST);
    return request
        .datastore()
        .create(request.caller(export), directory, checked, file.apply(export), existing);
  }

  /** The answer to a creation of which a restart lost the reply. */
  CompletableFuture<Created> replay(RequestOutcome outcome) {
    exportId = request.writableExportOf(handle).id();
    FileKey made = FileKey.live(outcome.created());
    return request
        .datastore()
        .attributes(made)
        .thenCombine(
            request.datastore().attributes(request.file(handle)),
            (file, directory) -> new Created(made, file, new Changed(directory, directory), false));
  }

  void writeReply(Created created, ByteBuf out) {
    request.writeOk(out);
    out.writeInt(1);
    request.services().handles().write(out, exportId, created.key());
    request.writeAttributes(out, created.attributes());
    request.writeChange(out, created.directory());
  }

  /** Clients may send a size with anything; only regular files have one. */
  static AttributeChange withoutSize(AttributeChange change) {
    return new AttributeChange(
        change.mode(), change.uid(), change.gid(), null, change.accessed(), change.modified());
  }
}
