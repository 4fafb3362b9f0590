package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Created;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** SYMLINK: a symbolic link. */
final class SymLink extends Nfs3Request<Created> {
  private static final int DEFAULT_MODE = 0777;
  private static final int LONGEST_ON_WIRE = 64 << 10;

  private final NewEntry entry;
  private final AttributeChange change;
  private final byte[] target;

  SymLink(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.CHANGE);
    entry = new NewEntry(this, in);
    change = FileAttributes.readChange(in);
    target = in.readOpaque(LONGEST_ON_WIRE);
  }

  @Override
  boolean mustNotRepeat() {
    return true;
  }

  @Override
  public CompletableFuture<Created> start(ReplySpace space) {
    if (target.length == 0) {
      throw new Nfs3Exception(Nfs3Status.INVAL);
    }
    if (target.length > Datastore.MAX_SYMLINK) {
      throw new Nfs3Exception(Nfs3Status.NAMETOOLONG);
    }
    return entry.create(
        export ->
            new NewFile(
                FileType.SYMLINK,
                NewEntry.withoutSize(forNewFile(export, change, DEFAULT_MODE)),
                target,
                0),
        new Existing.Refuse());
  }

  @Override
  CompletableFuture<Created> replay(RequestOutcome outcome) {
    return entry.replay(outcome);
  }

  @Override
  public void writeReply(Created created, ByteBuf out) {
    entry.writeReply(created, out);
  }
}
