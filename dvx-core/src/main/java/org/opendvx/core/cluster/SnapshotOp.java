package org.opendvx.core.cluster;

import java.nio.BufferUnderflowException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.SnapshotQuery;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.datastore.Snapshots.CloneFile;
import org.opendvx.core.datastore.Snapshots.Cut;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.core.datastore.Snapshots.Found;
import org.opendvx.core.datastore.Snapshots.Member;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;

/** An operation on the catalogue: it runs at the namespace's root. */
@SuppressWarnings("ArrayRecordComponent") // documents are carried, never compared
sealed interface SnapshotOp<R> extends FileOp<R> {
  int FIRST_CODE = 40;
  int CUT = 40;
  int BY_ID = 41;
  int BY_NAME = 42;
  int PAGE = 43;
  int AMEND = 44;
  int MEMBERS = 45;
  int DELETE = 46;
  int RESTORE = 47;
  int CLONE = 48;
  int REPLACE = 49;
  int CLONE_RANGE = 51;
  int FIND = 52;

  @Override
  default FileKey key() {
    return FileKey.SNAPSHOTS;
  }

  @Override
  default boolean names() {
    return true;
  }

  @Override
  default boolean changes() {
    return true;
  }

  @Override
  default boolean repeatable() {
    return !changes();
  }

  static FileOp<?> decode(int code, Wire.In in) {
    return switch (code) {
      case CUT ->
          new Take(
              in.getList(
                  i ->
                      new CutRequest(
                          i.getText(), i.getList(Values::key), Values.labels(i), i.getBytes())));
      case BY_ID -> new ById(in.getLong());
      case BY_NAME -> new ByName(in.getText());
      case PAGE -> new Page(in.getLong(), in.getInt());
      case AMEND -> new Amend(in.getLong(), Values.labels(in), in.getBytes());
      case MEMBERS -> new Members(in.getLong());
      case DELETE -> new Delete(in.getLong());
      case RESTORE ->
          new Restore(in.getLong(), in.getList(Wire.In::getLong), in.getList(Values::key));
      case CLONE ->
          new Clone(
              Values.caller(in),
              in.getList(i -> new CloneFile(Values.key(i), Values.key(i), i.getBytes())));
      case REPLACE -> new Replace(Values.caller(in), Values.key(in), Values.key(in));
      case CLONE_RANGE ->
          new CloneRange(
              Values.caller(in),
              new Snapshots.Range(
                  Values.key(in), in.getLong(), Values.key(in), in.getLong(), in.getLong()));
      case FIND -> new Find(Values.query(in), in.getLong(), in.getInt());
      default -> throw new BufferUnderflowException();
    };
  }

  /** An operation without a result. */
  sealed interface Quiet extends SnapshotOp<Boolean> {
    @Override
    default void encodeResult(Boolean result, Wire.Out out) {
      out.putBoolean(result);
    }

    @Override
    default Boolean decodeResult(Wire.In in) {
      return in.getBoolean();
    }
  }

  /** A question that may have no answer. */
  sealed interface Search extends SnapshotOp<Optional<SnapshotInfo>> {
    @Override
    default boolean changes() {
      return false;
    }

    @Override
    default void encodeResult(Optional<SnapshotInfo> result, Wire.Out out) {
      out.putOptional(result.orElse(null), Values::putSnapshot);
    }

    @Override
    default Optional<SnapshotInfo> decodeResult(Wire.In in) {
      return Optional.ofNullable(in.getOptional(Values::snapshot));
    }
  }

  /** Takes snapshots; files of several owners by the barrier: {@link BarrierCut}. */
  record Take(List<CutRequest> requests) implements SnapshotOp<List<Cut>> {
    @Override
    public CompletableFuture<List<Cut>> run(DvxDatastore store) {
      return store.snapshots().cutTogether(requests);
    }

    @Override
    public void encode(Wire.Out out) {
      out.put(CUT)
          .putList(
              requests,
              (o, request) -> {
                o.putText(request.name()).putList(request.files(), Values::putKey);
                Values.putLabels(o, request.labels());
                o.putBytes(request.document());
              });
    }

    @Override
    public void encodeResult(List<Cut> cuts, Wire.Out out) {
      out.putList(
          cuts,
          (o, cut) -> {
            Values.putSnapshot(o, cut.snapshot());
            o.putLong(cut.heldNanos()).putLong(cut.totalNanos());
          });
    }

    @Override
    public List<Cut> decodeResult(Wire.In in) {
      return in.getList(i -> new Cut(Values.snapshot(i), i.getLong(), i.getLong()));
    }
  }

  /** A snapshot by id. */
  record ById(long id) implements Search {
    @Override
    public CompletableFuture<Optional<SnapshotInfo>> run(DvxDatastore store) {
      return CompletableFuture.completedFuture(store.snapshots().snapshot(id));
    }

    @Override
    public void encode(Wire.Out out) {
      out.put(BY_ID).putLong(id);
    }
  }

  /** A snapshot by name. */
  record ByName(String name) implements Search {
    @Override
    public CompletableFuture<Optional<SnapshotInfo>> run(DvxDatastore store) {
      return CompletableFuture.completedFuture(store.snapshots().find(name));
    }

    @Override
    public void encode(Wire.Out out) {
      out.put(BY_NAME).putText(name);
    }
  }

  /** A page of snapshots, and how many there are in all. */
  record Pages(List<SnapshotInfo> page, long count) {}

  /** A page of snapshots. */
  record Page(long afterId, int limit) implements SnapshotOp<Pages> {
    @Override
    public boolean changes() {
      return false;
    }

    @Override
    public CompletableFuture<Pages> run(DvxDatastore store) {
      return CompletableFuture.completedFuture(
          new Pages(store.snapshots().list(afterId, limit), store.snapshots().count()));
    }

    @Override
    public void encode(Wire.Out out) {
      out.put(PAGE).putLong(afterId).putInt(limit);
    }

    @Override
    public void encodeResult(Pages result, Wire.Out out) {
      out.putList(result.page(), Values::putSnapshot).putLong(result.count());
    }

    @Override
    public Pages decodeResult(Wire.In in) {
      return new Pages(in.getList(Values::snapshot), in.getLong());
    }
  }

  /** A page of the snapshots that are wanted. */
  record Find(SnapshotQuery query, long afterId, int limit) implements SnapshotOp<Found> {
    @Override
    public boolean changes() {
      return false;
    }

    @Override
    public CompletableFuture<Found> run(DvxDatastore store) {
      return CompletableFuture.completedFuture(store.snapshots().search(query, afterId, limit));
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putQuery(out.put(FIND), query);
      out.putLong(afterId).putInt(limit);
    }

    @Override
    public void encodeResult(Found result, Wire.Out out) {
      out.putList(result.page(), Values::putSnapshot).putLong(result.next());
    }

    @Override
    public Found decodeResult(Wire.In in) {
      return new Found(in.getList(Values::snapshot), in.getLong());
    }
  }

  /** Replaces labels and document. */
  record Amend(long id, Map<String, String> labels, byte[] document)
      implements SnapshotOp<SnapshotInfo> {
    @Override
    public boolean repeatable() {
      return true;
    }

    @Override
    public CompletableFuture<SnapshotInfo> run(DvxDatastore store) {
      return store.snapshots().amend(id, labels, document);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putLabels(out.put(AMEND).putLong(id), labels);
      out.putBytes(document);
    }

    @Override
    public void encodeResult(SnapshotInfo result, Wire.Out out) {
      Values.putSnapshot(out, result);
    }

    @Override
    public SnapshotInfo decodeResult(Wire.In in) {
      return Values.snapshot(in);
    }
  }

  /** The files of a snapshot. */
  record Members(long id) implements SnapshotOp<List<Member>> {
    @Override
    public boolean changes() {
      return false;
    }

    @Override
    public CompletableFuture<List<Member>> run(DvxDatastore store) {
      return CompletableFuture.completedFuture(store.snapshots().members(id));
    }

    @Override
    public void encode(Wire.Out out) {
      out.put(MEMBERS).putLong(id);
    }

    @Override
    public void encodeResult(List<Member> result, Wire.Out out) {
      out.putList(
          result,
          (o, member) -> {
            Values.putKey(o, member.key());
            o.putText(member.path());
            Values.putAttributes(o, member.attributes());
          });
    }

    @Override
    public List<Member> decodeResult(Wire.In in) {
      return in.getList(i -> new Member(Values.key(i), i.getText(), Values.attributes(i)));
    }
  }

  /** Forgets a snapshot. */
  record Delete(long id) implements Quiet {
    @Override
    public CompletableFuture<Boolean> run(DvxDatastore store) {
      return store.snapshots().delete(id).thenApply(_ -> true);
    }

    @Override
    public void encode(Wire.Out out) {
      out.put(DELETE).putLong(id);
    }
  }

  /** Gives files back what they were. */
  record Restore(long id, List<Long> members, List<FileKey> remove) implements Quiet {
    @Override
    public CompletableFuture<Boolean> run(DvxDatastore store) {
      return store.snapshots().restore(id, members, remove).thenApply(_ -> true);
    }

    @Override
    public void encode(Wire.Out out) {
      out.put(RESTORE)
          .putLong(id)
          .putList(members, Wire.Out::putLong)
          .putList(remove, Values::putKey);
    }
  }

  /** Makes files that share blocks. */
  record Clone(Caller caller, List<CloneFile> clones) implements SnapshotOp<List<FileKey>> {
    @Override
    public CompletableFuture<List<FileKey>> run(DvxDatastore store) {
      return store.snapshots().clone(caller, clones);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putCaller(out.put(CLONE), caller);
      out.putList(
          clones,
          (o, clone) -> {
            Values.putKey(o, clone.source());
            Values.putKey(o, clone.directory());
            o.putBytes(clone.name());
          });
    }

    @Override
    public void encodeResult(List<FileKey> result, Wire.Out out) {
      out.putList(result, Values::putKey);
    }

    @Override
    public List<FileKey> decodeResult(Wire.In in) {
      return in.getList(Values::key);
    }
  }

  /** Gives a file the content of another. */
  record Replace(Caller caller, FileKey target, FileKey source) implements Quiet {
    @Override
    public CompletableFuture<Boolean> run(DvxDatastore store) {
      return store.snapshots().replaceContent(caller, target, source).thenApply(_ -> true);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putCaller(out.put(REPLACE), caller);
      Values.putKey(out, target);
      Values.putKey(out, source);
    }
  }

  /**
   * Gives a range of a file the content of another; durable when it is answered. One step: it is
   * run again when a file must be got here first, so nothing may have been done by then.
   */
  record CloneRange(Caller caller, Snapshots.Range range) implements Quiet {
    @Override
    public CompletableFuture<Boolean> run(DvxDatastore store) {
      return store.cloneRangeDurably(caller, range).thenApply(_ -> true);
    }

    @Override
    public void encode(Wire.Out out) {
      Values.putCaller(out.put(CLONE_RANGE), caller);
      Values.putKey(out, range.source());
      out.putLong(range.sourceOffset());
      Values.putKey(out, range.target());
      out.putLong(range.targetOffset());
      out.putLong(range.length());
    }
  }
}
