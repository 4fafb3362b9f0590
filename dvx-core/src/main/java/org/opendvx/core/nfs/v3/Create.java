package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Created;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** CREATE: a regular file, UNCHECKED, GUARDED or EXCLUSIVE. */
final class Create extends Nfs3Request<Created> {
  private static final int UNCHECKED = 0;
  private static final int GUARDED = 1;
  private static final int EXCLUSIVE = 2;
  private static final int DEFAULT_MODE = 0644;

  private final NewEntry entry;
  private final AttributeChange change;
  private final Existing existing;

  Create(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.CHANGE);
    entry = new NewEntry(this, in);
    int how = in.readEnum(EXCLUSIVE);
    change = how == EXCLUSIVE ? AttributeChange.NONE : FileAttributes.readChange(in);
    existing =
        switch (how) {
          case UNCHECKED -> new Existing.Use();
          case GUARDED -> new Existing.Refuse();
          default -> new Existing.Exclusive(in.readLong());
        };
  }

  @Override
  boolean mustNotRepeat() {
    return true;
  }

  @Override
  public CompletableFuture<Created> start(ReplySpace space) {
    Long size = change.size();
    if (size != null && (size < 0 || size > Datastore.MAX_FILE_SIZE)) {
      throw new Nfs3Exception(Nfs3Status.FBIG);
    }
    return entry.create(
        export -> NewFile.regular(forNewFile(export, change, DEFAULT_MODE)), existing);
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
