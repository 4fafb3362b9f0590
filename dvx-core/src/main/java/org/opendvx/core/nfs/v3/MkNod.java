package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Datastore.Created;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.XdrReader;

/** MKNOD: a device, socket or FIFO. */
final class MkNod extends Nfs3Request<Created> {
  private static final int DEFAULT_MODE = 0644;
  private static final int HIGHEST_TYPE = 7;
  private static final byte[] NO_TARGET = {};

  private final NewEntry entry;
  private final @Nullable FileType type;
  private final AttributeChange change;
  private final long device;

  MkNod(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.CHANGE);
    entry = new NewEntry(this, in);
    int code = in.readEnum(HIGHEST_TYPE);
    type =
        switch (code) {
          case 3 -> FileType.BLOCK_DEVICE;
          case 4 -> FileType.CHARACTER_DEVICE;
          case 6 -> FileType.SOCKET;
          case 7 -> FileType.FIFO;
          default -> null; // the others have procedures of their own, and no arguments here
        };
    change = type == null ? AttributeChange.NONE : FileAttributes.readChange(in);
    boolean isDevice = type == FileType.BLOCK_DEVICE || type == FileType.CHARACTER_DEVICE;
    device = isDevice ? in.readLong() : 0;
  }

  @Override
  boolean mustNotRepeat() {
    return true;
  }

  @Override
  public CompletableFuture<Created> start(ReplySpace space) {
    FileType wanted = type;
    if (wanted == null) {
      throw new Nfs3Exception(Nfs3Status.BADTYPE);
    }
    return entry.create(
        export ->
            new NewFile(
                wanted,
                NewEntry.withoutSize(forNewFile(export, change, DEFAULT_MODE)),
                NO_TARGET,
                device),
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
