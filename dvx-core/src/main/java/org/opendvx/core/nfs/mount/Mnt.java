package org.opendvx.core.nfs.mount;

import io.netty.buffer.ByteBuf;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.rpc.RpcRequest;
import org.opendvx.core.nfs.xdr.XdrReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** MNT: the handle of an exported directory, or of one below it. */
final class Mnt extends RpcRequest<Mnt.Answer> {
  private static final Logger log = LoggerFactory.getLogger(Mnt.class);
  private static final int AUTH_SYS = 1;

  private final MountServices services;
  private final RpcCall call;
  private final String path;
  private int status;

  /** The export and the directory in it. */
  record Answer(Export export, FileKey directory) {}

  Mnt(MountServices services, RpcCall call, XdrReader in) {
    this.services = services;
    this.call = call;
    this.path = MountPaths.read(in);
  }

  @Override
  public CompletableFuture<Answer> start(ReplySpace space) {
    Optional<Export> covering = services.exports().covering(path);
    if (covering.isEmpty()) {
      throw new MountRefusedException(MountStatus.NOENT);
    }
    Export export = covering.get();
    if (!export.allows(call.peer().client())) {
      throw new MountRefusedException(MountStatus.ACCES);
    }
    if (MountPaths.hasDots(path)) {
      throw new MountRefusedException(MountStatus.INVAL);
    }
    String below = path.substring(export.path().length());
    return services
        .roots()
        .find(export, below)
        .thenCompose(
            key ->
                services
                    .datastore()
                    .attributes(key)
                    .thenApply(
                        attributes -> {
                          if (attributes.type() != FileType.DIRECTORY) {
                            throw new FileException(FileError.NOT_DIRECTORY, path);
                          }
                          return new Answer(export, key);
                        }));
  }

  @Override
  public void writeReply(Answer answer, ByteBuf out) {
    String client = call.peer().remote().getAddress().getHostAddress();
    services.table().add(new MountTable.Mount(client, path));
    log.info("{} mounts {}", client, path);
    status = MountStatus.OK.code();
    out.writeInt(status);
    services.handles().write(out, answer.export().id(), answer.directory());
    out.writeInt(1).writeInt(AUTH_SYS);
  }

  @Override
  public void writeFailure(Throwable failure, ByteBuf out) {
    MountStatus failed = MountStatus.of(failure);
    log.warn(
        "{} was refused a mount of {}: {}",
        call.peer().remote().getAddress().getHostAddress(),
        path,
        failed);
    status = failed.code();
    out.writeInt(status);
  }

  @Override
  public int status() {
    return status;
  }
}
