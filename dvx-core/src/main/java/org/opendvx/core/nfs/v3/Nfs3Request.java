package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.RequestTag;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.FileHandle;
import org.opendvx.core.nfs.rpc.Credential;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.rpc.RpcRequest;
import org.opendvx.core.nfs.xdr.XdrReader;

/**
 * A call of an NFSv3 procedure: the checks and the parts of replies that all share. Constructors of
 * subclasses decode the arguments, {@link #start} resolves handles and calls the datastore.
 *
 * @param <R> what the datastore answers
 */
abstract class Nfs3Request<R> extends RpcRequest<R> {
  private static final int[] NO_GROUPS = {};

  /** What follows the status in the reply to a failed call. */
  enum FailureBody {
    NOTHING,
    ATTRIBUTES,
    CHANGE,
    TWO_CHANGES,
    ATTRIBUTES_AND_CHANGE
  }

  private final Nfs3Services services;
  private final RpcCall call;
  private final FailureBody failureBody;
  private int status;
  private @Nullable RequestTag tag;
  private long fsid;

  // The files whose attributes a failure's reply carries, and those attributes.
  private @Nullable FileKey first;
  private @Nullable FileKey second;
  private @Nullable Attributes firstNow;
  private @Nullable Attributes secondNow;

  Nfs3Request(Nfs3Services services, RpcCall call, FailureBody failureBody) {
    this.services = services;
    this.call = call;
    this.failureBody = failureBody;
  }

  /** Whether repeating the call would do harm, or answer something else. */
  boolean mustNotRepeat() {
    return false;
  }

  /** Answers a call of which a restart lost the reply but not the effect. */
  CompletableFuture<? extends R> replay(RequestOutcome outcome) {
    throw new IllegalStateException("only calls that must not be repeated are replayed");
  }

  /** Makes the datastore remember the call. */
  final void remember(RequestTag as) {
    tag = as;
  }

  @Override
  public final int status() {
    return status;
  }

  @Override
  public final @Nullable CompletableFuture<?> afterFailure(Throwable failure) {
    FileKey one = first;
    if (one == null) {
      return null;
    }
    CompletableFuture<?> gathered =
        datastore().attributes(one).handle((attributes, _) -> firstNow = attributes);
    FileKey other = second;
    if (other != null) {
      gathered =
          gathered.thenCombine(
              datastore().attributes(other).handle((attributes, _) -> secondNow = attributes),
              (_, _) -> true);
    }
    return gathered;
  }

  @Override
  public final void writeFailure(Throwable failure, ByteBuf out) {
    Nfs3Status failed = Nfs3Status.of(failure);
    status = failed.code();
    out.writeInt(status);
    switch (failureBody) {
      case NOTHING -> {}
      case ATTRIBUTES -> FileAttributes.writePost(out, firstNow, fsid);
      case CHANGE -> FileAttributes.writeAfter(out, firstNow, fsid);
      case TWO_CHANGES -> {
        FileAttributes.writeAfter(out, firstNow, fsid);
        FileAttributes.writeAfter(out, secondNow, fsid);
      }
      case ATTRIBUTES_AND_CHANGE -> {
        FileAttributes.writePost(out, firstNow, fsid);
        FileAttributes.writeAfter(out, secondNow, fsid);
      }
    }
  }

  /** Writes the status of a call that turned out well but cannot be answered as asked. */
  final void writeRefusal(ByteBuf out, Nfs3Status refusal) {
    status = refusal.code();
    out.writeInt(status);
  }

  final Nfs3Services services() {
    return services;
  }

  final Datastore datastore() {
    return services.datastore();
  }

  /** Reads a file handle; null for a foreign or forged one. */
  final @Nullable FileHandle readHandle(XdrReader in) {
    return services.handles().read(in);
  }

  /** The export of a handle, if the client may use it for a call that changes nothing. */
  final Export exportOf(@Nullable FileHandle handle) {
    if (handle == null) {
      throw new Nfs3Exception(Nfs3Status.BADHANDLE);
    }
    Export export = services.exports().byId(handle.export());
    if (export == null) {
      throw new Nfs3Exception(Nfs3Status.STALE);
    }
    if (!export.allows(call.peer().client())) {
      throw new Nfs3Exception(Nfs3Status.ACCES);
    }
    fsid = Integer.toUnsignedLong(export.id());
    return export;
  }

  /** The export of a handle, if the client may use it for a call that changes something. */
  final Export writableExportOf(@Nullable FileHandle handle) {
    Export export = exportOf(handle);
    if (export.readOnly()) {
      throw new Nfs3Exception(Nfs3Status.ROFS);
    }
    return export;
  }

  /**
   * The file of a handle that {@link #exportOf} accepted; a failure's reply shows its attributes.
   */
  final FileKey file(@Nullable FileHandle handle) {
    FileKey key = keyOf(handle);
    first = key;
    return key;
  }

  /** The second file of a call; as {@link #file}. */
  final FileKey secondFile(@Nullable FileHandle handle) {
    FileKey key = keyOf(handle);
    second = key;
    return key;
  }

  /** As whom the call acts in an export. */
  final Caller caller(Export export) {
    Export.Owner owner = export.owner();
    if (owner != null) {
      return new Caller(owner.uid(), owner.gid(), NO_GROUPS, tag);
    }
    Credential who = call.credential();
    return export.squashRoot() && who.uid() == 0
        ? new Caller(Credential.NOBODY_ID, Credential.NOBODY_ID, NO_GROUPS, tag)
        : new Caller(who.uid(), who.gid(), who.groups(), tag);
  }

  /**
   * The attributes for a new file: a mode is always there, and an export that prescribes the owner
   * does not take one from clients.
   */
  static AttributeChange forNewFile(Export export, AttributeChange change, int defaultMode) {
    Integer mode = change.mode();
    boolean takesOwner = export.owner() == null;
    return new AttributeChange(
        mode == null ? (Integer) defaultMode : mode,
        takesOwner ? change.uid() : null,
        takesOwner ? change.gid() : null,
        change.size(),
        change.accessed(),
        change.modified());
  }

  final void writeOk(ByteBuf out) {
    status = 0;
    out.writeInt(0);
  }

  final void writeAttributes(ByteBuf out, @Nullable Attributes attributes) {
    FileAttributes.writePost(out, attributes, fsid);
  }

  final void writeChange(ByteBuf out, Changed changed) {
    FileAttributes.writeChange(out, changed, fsid);
  }

  final long fsid() {
    return fsid;
  }

  private static FileKey keyOf(@Nullable FileHandle handle) {
    if (handle == null) {
      throw new Nfs3Exception(Nfs3Status.BADHANDLE);
    }
    return handle.key();
  }
}
