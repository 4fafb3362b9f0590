package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Datastore.Created;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** MKDIR: a directory. */
final class MkDir extends Nfs3Request<Created> {
  private static final int DEFAULT_MODE = 0755;

  private final NewEntry entry;
  private final AttributeChange change;

  MkDir(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.CHANGE);
    entry = new NewEntry(this, in);
    change = FileAttributes.readChange(in);
  }

  @Override
  boolean mustNotRepeat() {
    return true;
  }

  @Override
  public CompletableFuture<Created> start(ReplySpace space) {
    return entry.create(
        export -> NewFile.directory(NewEntry.withoutSize(forNewFile(export, change, DEFAULT_MODE))),
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
