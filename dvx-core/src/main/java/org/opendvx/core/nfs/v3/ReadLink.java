package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.nfs.xdr.XdrReader;

/** READLINK: the target of a symbolic link. */
final class ReadLink extends Nfs3Request<ReadLink.Answer> {
  private final @Nullable FileHandle handle;

  /** Target and attributes. */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record Answer(byte[] target, Attributes attributes) {}

  ReadLink(Nfs3Services services, RpcCall call, XdrReader in) {
    super(services, call, FailureBody.ATTRIBUTES);
    handle = readHandle(in);
  }

  @Override
  public CompletableFuture<Answer> start(ReplySpace space) {
    var _ = exportOf(handle);
    FileKey key = file(handle);
    return datastore().readLink(key).thenCombine(datastore().attributes(key), Answer::new);
  }

  @Override
  public int replyBound(Answer answer) {
    return SMALL_REPLY + answer.target().length;
  }

  @Override
  public void writeReply(Answer answer, ByteBuf out) {
    writeOk(out);
    writeAttributes(out, answer.attributes());
    Xdr.writeOpaque(out, answer.target());
  }
}
